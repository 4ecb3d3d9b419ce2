import assert from "node:assert/strict";
import { test } from "node:test";
import { grey, ramp } from "./palette.js";
import { inkOn } from "./versus.js";

const TONES = /** @type {const} */ (["light", "dark"]);
const GROUND = { light: [255, 255, 255], dark: [26, 29, 35] }; // --surface
const shares = Array.from({ length: 101 }, (_, i) => i / 100);

const channels = (colour) => colour.startsWith("#")
  ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
  : colour.match(/\d+/g).map(Number);
const linear = (rgb) => rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));

/** Contrast of WCAG. */
function contrast(one, other) {
  const [a, b] = [one, other].map((rgb) => linear(rgb).reduce((sum, part, i) => sum + [0.2126, 0.7152, 0.0722][i] * part, 0.05));
  return Math.max(a, b) / Math.min(a, b);
}

/** Place in OKLab (Ottosson 2020), where distance is how different two colours look. */
function oklab(rgb) {
  const [r, g, b] = linear(rgb);
  const [l, m, s] = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]]
    .map(([x, y, z]) => Math.cbrt(x * r + y * g + z * b));
  return [0.2105 * l + 0.7936 * m - 0.0041 * s, 1.978 * l - 2.4286 * m + 0.4506 * s, 0.0259 * l + 0.7828 * m - 0.8087 * s];
}
const chroma = (rgb) => Math.hypot(...oklab(rgb).slice(1));
const apart = (one, other) => Math.hypot(...oklab(one).map((part, i) => part - oklab(other)[i]));

for (const tone of TONES) {
  test(`a greater number stands out more from the ground of the ${tone} theme, the least hardly`, () => {
    const out = shares.map((share) => contrast(channels(ramp(share, tone)), GROUND[tone]));
    for (let i = 1; i < out.length; i++) assert.ok(out[i] >= out[i - 1], `${shares[i]}: ${out[i - 1]} then ${out[i]}`);
    assert.ok(out[0] > 1.3 && out[0] < 1.8, `the least has ${out[0]}`);
    assert.ok(out[100] > 12, `the greatest has ${out[100]}`);
    assert.ok(chroma(channels(ramp(0, tone))) < chroma(channels(ramp(1, tone))), "the least is the more colourful");
  });

  test(`what stands on a colour of the ${tone} ramp can be read`, () => {
    for (const share of shares) {
      const ink = inkOn(ramp(share, tone)) === "#fff" ? [255, 255, 255] : [0, 0, 0];
      assert.ok(contrast(channels(ramp(share, tone)), ink) >= 4.5, `at ${share}`);
    }
  });
}

test("equal steps of a number look equally far apart on light ground, and none looks like no number", () => {
  const steps = shares.slice(0, 10).map((_, i) => apart(channels(ramp(i / 10, "light")), channels(ramp((i + 1) / 10, "light"))));
  const mean = steps.reduce((a, b) => a + b) / steps.length;
  for (const step of steps) assert.ok(Math.abs(step / mean - 1) < 0.35, `steps ${steps}`);
  for (const share of shares) assert.ok(apart(channels(ramp(share, "light")), channels(grey("light"))) > 0.06, `at ${share}`);
});
