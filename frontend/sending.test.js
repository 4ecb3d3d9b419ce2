import assert from "node:assert/strict";
import { test } from "node:test";
import { IMAGE_BYTES, leftOut, MOST_FILES, nameOf, outcome, searchWords, sifted, titleOf } from "./sending.js";

const file = (name, size = 10, path = "") => ({ name, size, webkitRelativePath: path });
const upload = { state: "ready", images: 10, classes: {}, columns: [], progress: null, error: null };

test("what would be refused is not sent, and named", () => {
  const files = [file("a.png"), file("large.png", IMAGE_BYTES + 1), file("b.zip", 2 * IMAGE_BYTES), file("none.png", 0)];
  const { wanted, refused } = sifted(files);
  assert.deepEqual(wanted.map(nameOf), ["a.png", "b.zip"]);
  assert.deepEqual(refused.map(({ name }) => name), ["large.png", "none.png"]);
  assert.match(refused[0].reason, /has 10\.0 MB, and at most 10 are taken/);
  assert.equal(sifted(Array.from({ length: MOST_FILES + 1 }, () => file("a"))).refused.length, 1);
});

test("an upload is called after its folder, its only file, or nothing in particular", () => {
  assert.equal(titleOf([file("1.png", 1, "pets/cat/1.png")]), "pets");
  assert.equal(titleOf([file("my pets.v2.zip")]), "my pets.v2");
  assert.equal(titleOf([file("a.png"), file("b.png")]), "my images");
  assert.equal(titleOf([]), "");
});

test("what became of an upload is one sentence", () => {
  assert.equal(outcome(upload), "10 images, without classes.");
  assert.equal(outcome({ ...upload, classes: { cat: 6, dog: 4 } }), "10 images in 2 classes: cat 6, dog 4.");
  assert.equal(outcome({ ...upload, columns: ["camera", "year"] }), "10 images, without classes. Known of each: camera, year.");
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`c${n}`, 1]));
  assert.match(outcome({ ...upload, classes: many }), /in 10 classes: c0 1, .* c7 1 and 2 more\.$/);
  assert.equal(outcome({ ...upload, state: "working", progress: { done: 3, of: 40 } }), "Reads 3 of 40 files.");
  assert.equal(outcome({ ...upload, state: "failed", error: { code: "bad_data", message: "none of it" } }), "none of it");
});

test("files left out are counted, hidden ones apart", () => {
  const one = [{ name: "a", reason: "is empty" }];
  assert.equal(leftOut(one, 0, 0), "1 file left out");
  assert.equal(leftOut(one, 4, 12), "5 files left out, 12 hidden files passed over");
  assert.equal(leftOut([], 0, 0), "");
});

test("a search says what it does, how far it is and how long it took", () => {
  assert.deepEqual(searchWords(null, 2.9), { says: "Reads the run and the images of its maps.", share: null, far: "2 s" });
  const encodes = searchWords({ step: "encode", done: 200, of: 1600 }, 12.4);
  assert.match(encodes.says, /^Encodes the images of the maps/);
  assert.deepEqual([encodes.share, encodes.far], [0.125, "200 of 1,600 images · 12 s"]);
  const compares = searchWords({ step: "compare", done: 3, of: 7 }, 75);
  assert.deepEqual(compares, { says: "Looks for images like it, layer by layer.", share: 3 / 7, far: "3 of 7 layers · 1 min 15 s" });
});
