// Search by example: an image of one's own, and the test images that each layer finds like it.

import { fill, h } from "../dom.js";
import { percent, shortLayer } from "../text.js";
import { searchWords, sifted } from "../sending.js";
import { thumb } from "../marks/thumb.js";
import { unitRow } from "../marks/unitrow.js";

const SHOWN = 7;

/**
 * @param {import("../types.js").Page} page
 * @param {import("../searching.js").Searching} searching
 */
export function examplecard(page, searching) {
  const { state, scene, example, atlas } = page;
  const picker = h("input", {
    id: "example-file", type: "file", accept: "image/png,image/jpeg,image/webp", class: "unseen",
    onchange() {
      const [file] = picker.files ?? [];
      picker.value = "";
      if (!file) return;
      const { refused } = sifted([file]);
      refusal = refused[0] ? `${refused[0].name} ${refused[0].reason}.` : null;
      if (refusal) return draw();
      void example.send(file);
    },
  });
  const choose = h("label", { class: "button", for: "example-file" }, "Search by an image of yours");
  const says = h("p", { role: "status" });
  const far = h("p", { class: "soft small", id: "search-far" });
  const bar = h("i", {});
  const doing = h("div", {}, says, far, h("div", { class: "bar" }, bar));
  let clock = 0;
  const body = h("div", { class: "block" });
  const element = h("section", { class: "card", id: "example", "aria-label": "Search by example" }, picker, body);
  /** @type {string|null} */
  let refusal = null;
  let fresh = false; // sent, and what was found is not in view yet

  function draw() {
    element.hidden = !scene.layers;
    element.dataset.status = searching.status;
    const { status } = searching;
    const works = status === "sending" || status === "working";
    const failure = refusal ?? (status === "failed" ? searching.error : null);
    clearInterval(clock);
    if (works) clock = window.setInterval(tick, 1000);
    fill(
      body,
      status !== "none" && h("div", { class: "card-head" }, h("h2", {}, h("span", { class: "as-is" }, searching.title)), h("span", { class: "gap" }),
        h("button", { class: "quiet", onclick: () => searching.clear() }, "Remove")),
      works && h("div", { class: "portrait" }, portrait("as it is searched with"), doing),
      failure && h("p", { class: "notice bad", role: "alert" }, failure),
      !refusal && searching.again && h("button", { class: "button", onclick: () => searching.retry() }, "Try again"),
      status === "found" && found(),
      choose,
    );
    if (works) tick();
  }

  /** What stands still is not told again, so that a screen reader tells each step once. */
  function tick() {
    const now = searching.status === "sending" ? { says: "Sends the image.", share: null } : null;
    const told = { ...searchWords(searching.step, searching.seconds), ...now };
    if (says.textContent !== told.says) says.textContent = told.says;
    far.textContent = told.far;
    bar.className = told.share === null ? "unsure" : "";
    bar.style.width = told.share === null ? "" : `${100 * told.share}%`;
  }

  /** @param {string} how */
  const portrait = (how) => h("img", { src: searching.address, alt: `${searching.title}, ${how}`, width: 96, height: 96 });

  function found() {
    const { layers } = example;
    const { layer } = state.now;
    return [
      h("div", { class: "portrait" },
        portrait("as it was searched with"),
        h("p", { class: "soft small" }, "Nearest test images by layer, by Euclidean distance of standardised image features. The mark shows where it lies on each map, which stays as it is.")),
      h("div", { class: `neighbours ${layers.some((l) => shortLayer(scene.layerName(l.layer)).length > 5) ? "named" : ""}` },
        layers.map((alike) => h(
          "div",
          { class: `neighbour-row ${alike.layer === layer ? "on" : ""}`, "data-layer": alike.layer },
          h("span", { class: "soft name", title: scene.layerName(alike.layer) }, shortLayer(scene.layerName(alike.layer))),
          h("div", { class: "thumbs" }, alike.neighbours.slice(0, SHOWN).map((near) => thumb(page, near.image))),
        ))),
      ranked(),
    ];
  }

  /** The units of each layer that answer to it more than to most images. */
  function ranked() {
    const rows = example.layers.filter(({ units }) => units?.length);
    if (!rows.length) return null;
    return h("div", { class: "block", "data-ranked": rows.length },
      h("h3", {}, "Units it excites most"),
      rows.map(({ layer, units }) => unitRow(page, {
        layer, units, name: scene.layerName(layer), layers: scene.layers, none: "",
        says: "response above those to", figure: ({ share }) => percent(share, 0),
        onclick: (unit) => state.set({ layer, unit, colour: "unit" }),
      })),
      h("p", { class: "soft small" }, "By the share of the test images whose mean response is smaller than that to your image, an equal one counting half; of equal shares first the unit whose response lies more standard deviations above its mean. Units that answer to all of these images the same are left out."));
  }

  searching.on(() => {
    const { status } = searching;
    if (status === "working" && element.dataset.status === status) return tick();
    refusal = null;
    draw();
    if (status === "sending") fresh = true;
    if (!fresh || !["sending", "found"].includes(status)) return;
    element.scrollIntoView({ block: "start" });
    fresh = status === "sending";
  });
  scene.on(["maps"], draw);
  state.on(["layer"], draw);
  atlas.on(draw);
  draw();
  return element;
}
