// A share of the test images with its interval below it, for a cell of a table.

import { decimal, percent } from "../text.js";
import { h } from "../dom.js";

/** @param {import("../types.js").Accuracy} value */
export const share = ({ accuracy, low, high }) => [
  percent(accuracy), h("small", {}, `${decimal(100 * low, 1)}–${decimal(100 * high, 1)}`),
];
