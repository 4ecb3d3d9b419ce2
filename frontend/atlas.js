// Thumbnails of all images of a split on one sheet, so that showing one needs no request.

import * as api from "./api.js";
import { createListeners } from "./listeners.js";

export function createAtlas() {
  /** @type {{name: string, address: string, bitmap: ImageBitmap, columns: number, rows: number, size: number}|null} */
  let sheet = null;
  let [wanted, turn] = ["", 0];
  const { on, tell } = createListeners();

  return {
    /** @returns {boolean} */
    get ready() {
      return sheet !== null && sheet.name === wanted;
    },
    /** Calls a listener when another sheet is there. */
    on,
    /**
     * The sheet of the images that a checkpoint was analysed on.
     * @param {import("./types.js").Layers} layers
     */
    async load(layers) {
      const name = `${layers.dataset}/${layers.split}/${layers.fingerprint}`;
      const images = layers.ids.length;
      if (wanted === name) return;
      wanted = name;
      const own = (turn += 1);
      const size = images <= 1500 ? 64 : images <= 4000 ? 48 : 32;
      try {
        const { blob, columns, rows } = await api.atlas(layers, size);
        const bitmap = await createImageBitmap(blob);
        if (own !== turn) return bitmap.close();
        if (sheet) URL.revokeObjectURL(sheet.address);
        sheet = { name, address: URL.createObjectURL(blob), bitmap, columns, rows, size };
      } catch (error) {
        if (own === turn) wanted = "";
        throw error;
      }
      tell();
    },
    /**
     * Show the image at `position` (its place in the order of ids) as an element's background.
     * @param {HTMLElement} element
     * @param {number} position
     * @param {number} side pixels
     */
    dress(element, position, side) {
      element.style.width = element.style.height = `${side}px`;
      if (!sheet || sheet.name !== wanted) return void (element.style.backgroundImage = "");
      const { address, columns, rows } = sheet;
      const [column, row] = [position % columns, Math.floor(position / columns)];
      element.style.backgroundImage = `url(${address})`;
      element.style.backgroundSize = `${columns * side}px ${rows * side}px`;
      element.style.backgroundPosition = `${-column * side}px ${-row * side}px`;
    },
    /**
     * Draw the image at `position` centred on (x, y).
     * @param {CanvasRenderingContext2D} canvas
     * @param {number} position
     * @param {number} x
     * @param {number} y
     * @param {number} side
     */
    draw(canvas, position, x, y, side) {
      if (!sheet || sheet.name !== wanted) return;
      const { bitmap, columns, size } = sheet;
      const [column, row] = [position % columns, Math.floor(position / columns)];
      canvas.drawImage(
        bitmap, column * size, row * size, size, size, x - side / 2, y - side / 2, side, side,
      );
    },
  };
}
