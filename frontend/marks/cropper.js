// A picture with a square on it: drag to draw or move it, or use arrow keys and + and −.

import { drawn, middle, moved, resized } from "../crop.js";
import { h } from "../dom.js";

const STEP = 8; // pixels that a key moves
const OUT = 384; // largest side that is sent, pixels

/**
 * @param {string} address of the picture
 * @param {{width: number, height: number}} size as it is shown
 * @param {string} says what is shown
 * @param {{send: (part: File) => void, cancel: () => void}} on
 */
export function cropper(address, size, says, on) {
  const picture = h("img", { src: address, alt: says, width: size.width, height: size.height, draggable: "false" });
  const square = h("div", { class: "crop-square", tabindex: 0, role: "group", onkeydown: key });
  const stage = h("div", { class: "crop-stage", style: { width: `${size.width}px`, height: `${size.height}px` } }, picture, square);
  const told = h("p", { class: "soft small", "aria-live": "polite" });
  const element = h("div", { class: "cropper block" }, stage, told, h("div", { class: "actions" },
    h("button", { class: "button primary", id: "crop-send", onclick: send }, "Search by this part"),
    h("button", { class: "button", onclick: on.cancel }, "Cancel")));
  let at = middle(size);
  /** @type {{from: number[], moves: boolean, before: import("../crop.js").Square}|null} */
  let drag = null;

  function draw() {
    Object.assign(square.style, { left: `${at.left}px`, top: `${at.top}px`, width: `${at.side}px`, height: `${at.side}px` });
    const share = Math.round((100 * at.side) / Math.min(size.width, size.height));
    told.textContent = `${share} % of the picture's side. Drag, or move it with the arrow keys; + and − change its size.`;
    square.setAttribute("aria-label", `Part to search by, ${share} % of the picture's side`);
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const [x, y] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
    const by = { "+": STEP, "=": STEP, "-": -STEP, "−": -STEP }[event.key] ?? 0;
    if (event.key === "Enter") void send();
    else if (event.key === "Escape") on.cancel();
    else if (x || y) at = moved(at, x, y, size);
    else if (by) at = resized(at, by, size);
    else return;
    event.preventDefault();
    event.stopPropagation();
    draw();
  }

  /** @param {PointerEvent} event */
  function here(event) {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    square.focus();
    drag = { from: here(event), moves: event.target === square, before: at };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = here(event);
    const [ax, ay] = drag.from;
    at = drag.moves ? moved(drag.before, x - ax, y - ay, size) : drawn(drag.from, [x, y], size);
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (drag = null));

  /** Cut the part out of the picture and hand it over. */
  async function send() {
    await picture.decode();
    const scale = picture.naturalWidth / size.width;
    const side = Math.min(OUT, Math.round(at.side * scale));
    const canvas = h("canvas", { width: side, height: side });
    canvas.getContext("2d")?.drawImage(picture, at.left * scale, at.top * scale, at.side * scale, at.side * scale, 0, 0, side, side);
    canvas.toBlob((blob) => blob && on.send(new File([blob], "part.png", { type: "image/png" })), "image/png");
  }

  draw();
  return { element, focus: () => square.focus() };
}
