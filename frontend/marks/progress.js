// How far a run is: a bar, the step's name, time left, speed, and the loss of every layer.

import { asText } from "./astext.js";
import { count, counted, decimal, doing, duration } from "../text.js";
import { fill, h } from "../dom.js";
import { live } from "../runs.js";
import { firstOf, lossLines } from "./losslines.js";

/** @param {boolean} large with figures and losses */
export function progress(large) {
  const bar = h("i", {});
  const track = h("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  const text = h("p", { class: "soft small doing" });
  const figures = h("dl", { class: "facts" });
  const losses = h("div", {});
  const words = asText("Loss by layer");
  const element = h("div", { class: "progress" }, track, text, large ? [figures, losses, words.element] : null);
  let drawn = "";

  return {
    element,
    /** @param {import("../types.js").Run} run */
    update(run) {
      const now = run.progress;
      const on = live(run);
      track.hidden = text.hidden = !on;
      if (on) {
        const share = 100 * (now?.fraction ?? 0);
        bar.style.width = `${share}%`;
        bar.classList.toggle("still", !now);
        track.setAttribute("aria-valuenow", share.toFixed(0));
        text.textContent = now ? `${doing(run)} · ${share.toFixed(0)} %` : doing(run);
        track.setAttribute("aria-label", text.textContent);
      }
      if (!large) return;
      const training = on && run.phase === "training" && now;
      figures.hidden = !training;
      if (training) {
        fill(
          figures,
          h("dt", {}, "images a second"), h("dd", {}, now.images_per_second ? count(Math.round(now.images_per_second)) : "–"),
          h("dt", {}, "step"), h("dd", {}, `${count(now.step ?? 0)} of ${count(now.steps ?? 0)}`),
          h("dt", {}, "time left"), h("dd", {}, duration(now.seconds_left)),
        );
      }
      const wanted = `${run.id} ${run.history.epochs.length} ${training ? now.seq : 0}`;
      if (wanted === drawn) return;
      drawn = wanted;
      const at = training ? (now.epoch ?? 0) + (now.step ?? 0) / Math.max(1, now.steps ?? 1) : null;
      const picture = lossLines(run.history, training ? (now.losses ?? null) : null, at, run.layers);
      const { epochs, losses: rows } = run.history;
      words.element.hidden = !epochs.length;
      words.show(() => ({
        says: `Mean loss of each layer over ${counted(epochs.length, "epoch")}.`,
        columns: [{ says: "epoch" }, ...(rows[0] ?? []).map((_, i) => ({ says: `L${firstOf(rows[0], run.layers) + i}`, written: (/** @type {number} */ v) => decimal(v, 3) }))],
        rows: epochs.map((epoch, i) => [epoch, ...rows[i]]),
      }));
      fill(losses, picture && h("h3", {}, "Loss ", h("span", { class: "soft" }, "by layer, over epochs")), picture);
    },
  };
}
