// One slider for the epoch of everything, with a tick for each checkpoint that has results: of those that
// are not complete a hollow one.

import { fill, h } from "../dom.js";
import { lackingEpochs } from "../pending.js";
import { shownEpochs } from "../runs.js";

const BEAT = 800; // milliseconds an epoch stays while playing
const MOST_TICKS = 12; // that bear their epoch

/** @param {import("../types.js").Page} page */
export function epochs({ state, scene, runs }) {
  const play = h("button", { class: "quiet play", id: "play", onclick: toggle }, "Play");
  const now = h("b", {});
  const slider = h("input", { type: "range", id: "epoch", min: 0, step: 1, "aria-label": "Epoch", oninput: () => go(Number(slider.value)) });
  const ticks = h("div", { class: "ticks", "aria-hidden": "true" });
  const note = h("span", { class: "soft small note" });
  const element = h("div", { class: "epochs" }, play, h("span", { class: "epoch-now" }, h("span", { class: "soft" }, "epoch "), now),
    h("div", { class: "slider" }, slider, ticks), note);
  let timer = 0;

  function there() {
    const run = runs.get(state.now.run);
    return run ? shownEpochs(run) : [];
  }
  const at = () => there().indexOf(scene.target()?.epoch ?? -1);

  /** @param {number} index */
  function go(index) {
    const list = there();
    if (index < 0 || index >= list.length) return;
    state.set({ epoch: list[index] });
  }

  /** @param {number} by */
  const step = (by) => go(at() + by);

  function toggle() {
    if (timer) return pause();
    if (there().length < 2) return;
    if (at() === there().length - 1) go(0);
    timer = setInterval(() => {
      if (at() >= there().length - 1) pause();
      else step(1);
    }, BEAT);
    play.textContent = "Pause";
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }

  function draw() {
    const list = there();
    const run = runs.get(state.now.run);
    element.hidden = !list.length;
    if (!list.length || !run) return pause();
    const place = at();
    slider.max = `${list.length - 1}`;
    slider.value = `${place}`;
    slider.disabled = play.disabled = list.length < 2;
    const part = (/** @type {number} */ epoch) => run.begun.includes(epoch);
    slider.setAttribute("aria-valuetext", `epoch ${list[place]}${part(list[place]) ? ", not complete" : ""}`);
    slider.style.setProperty("--done", `${list.length < 2 ? 0 : (100 * place) / (list.length - 1)}%`);
    now.textContent = `${list[place]}`;
    const wanted = `${list}/${run.begun}`;
    if (ticks.dataset.epochs !== wanted) {
      ticks.dataset.epochs = wanted;
      const apart = Math.ceil(list.length / MOST_TICKS);
      fill(ticks, list.map((epoch, i) => h("i", { class: part(epoch) ? "part" : "", style: { "--at": list.length < 2 ? 0 : i / (list.length - 1) } }, i % apart && i < list.length - 1 ? "" : `${epoch}`)));
    }
    const { epoch } = state.now;
    const strange = epoch !== null && !list.includes(epoch);
    note.classList.toggle("bad", strange);
    note.textContent = strange ? `There is no analysed epoch ${epoch}; this is ${list[place]}` : lackingEpochs(run);
  }

  runs.on(draw);
  state.on(["run", "epoch"], draw);
  scene.on(["maps"], draw);
  state.on(["run"], pause);
  draw();
  return { element, step, play: toggle };
}
