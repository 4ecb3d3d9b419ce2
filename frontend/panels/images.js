// Images of one's own: sent as a ZIP or one by one, made into a data set, each refusal named.

import { fill, h } from "../dom.js";
import { isReadable, leftOut, nameOf, outcome, sifted, titleOf } from "../sending.js";
import { sheet } from "../marks/sheet.js";

/** @typedef {import("../types.js").Upload} Upload */

const AT_ONCE = 3; // files on their way
const LOOK_EVERY = 700; // milliseconds

/** @param {import("../types.js").Page} page */
export function images({ state, api }) {
  const earlier = h("div", {});
  const now = h("div", { class: "block", "aria-live": "polite" });
  const title = h("input", { id: "images-title", maxlength: 80, placeholder: "a name for these images" });
  const picker = h("input", {
    id: "images-files", type: "file", multiple: true, accept: ".zip,.csv,image/png,image/jpeg,image/webp",
    onchange: () => void sent([...(picker.files ?? [])]),
  });
  const drop = h(
    "label",
    { class: "drop", for: "images-files", ondragover: over, ondragleave: () => drop.classList.remove("over"), ondrop: dropped },
    h("b", {}, "Choose a ZIP or several images"),
    h("span", { class: "soft" }, "or drop them here. PNG, JPEG and WebP, at most 10 MB each; a ZIP has at most 1 GB. Folders inside a ZIP become classes; the columns of a metadata.csv beside them, whose first names each file, become colours."),
    picker,
  );
  const element = sheet(
    { state },
    { word: "images", id: "images-form", title: "Your images", stays: true, opened: () => void list() },
    h("div", { class: "form" },
      h("div", { class: "field" }, h("label", { for: "images-title" }, "Name"), title),
      drop, now, earlier,
      h("p", { class: "soft small" }, "They are written anew on the machine where Saccade runs, and go nowhere else.")),
  );
  const doingSays = h("p", { role: "status" });
  const bar = h("i", {});
  const cancel = h("button", { class: "quiet", id: "cancel-upload", onclick: () => going.abort() }, "Cancel");
  const doing = h("div", {}, h("div", { class: "between" }, doingSays, cancel), h("div", { class: "bar" }, bar));
  let busy = false;
  let going = new AbortController(); // of what is being sent or read

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    drop.classList.add("over");
  }

  /** @param {DragEvent} event */
  function dropped(event) {
    event.preventDefault();
    drop.classList.remove("over");
    /** @type {File[]} */
    const files = [];
    /** @type {import("../types.js").Refused[]} */
    const folders = [];
    for (const item of event.dataTransfer?.items ?? []) {
      const [file, entry] = [item.getAsFile(), item.webkitGetAsEntry()];
      if (entry?.isDirectory) folders.push({ name: entry.name, reason: "is a folder; make a ZIP of it, or choose the images in it" });
      else if (file) files.push(file);
    }
    void sent(files, folders);
  }

  /** Send files and have them made a data set.
   * @param {File[]} files @param {import("../types.js").Refused[]} [folders] dropped beside them */
  async function sent(files, folders = []) {
    if (busy || !(files.length + folders.length)) return;
    busy = true;
    picker.disabled = true;
    going = new AbortController();
    const { wanted, refused } = sifted(files);
    refused.push(...folders);
    let id = "";
    try {
      if (!wanted.length) return drawRefused(refused);
      ({ id } = await api.beginUpload(title.value.trim() || titleOf(wanted)));
      const lost = await sendAll(id, wanted);
      going.signal.throwIfAborted();
      refused.push(...lost);
      if (lost.length === wanted.length) {
        await api.removeUpload(id);
        return drawRefused(refused);
      }
      await taken(id);
      draw(await followed(id), refused);
    } catch (error) {
      if (going.signal.aborted) return await dropAll(id);
      fill(now, h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
    } finally {
      busy = false;
      picker.disabled = false;
      picker.value = "";
      void list();
    }
  }

  /** Take back what was cancelled. @param {string} id */
  async function dropAll(id) {
    fill(now, h("p", { role: "status" }, "Cancels."));
    try {
      if (id) await api.removeUpload(id);
      fill(now, h("p", { class: "notice", role: "status", "data-upload": "cancelled" }, "Cancelled; nothing of it was kept."));
    } catch (error) {
      fill(now, h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {string} id @param {File[]} files those that cannot be read are given back */
  async function sendAll(id, files) {
    /** @type {import("../types.js").Refused[]} */
    const lost = [];
    let [next, done] = [0, 0];
    const tell = () => progress(`Sends ${done} of ${files.length === 1 ? "one file" : `${files.length} files`}.`, done / files.length);
    tell();
    const all = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, files.length) }, async () => {
      while (next < files.length && !going.signal.aborted) {
        const place = next++;
        const [file, name] = [files[place], nameOf(files[place])];
        if (!(await isReadable(file))) lost.push({ name, reason: "cannot be read any more; choose it again" });
        else await api.sendFile(id, place + 1, name, file, going.signal).catch((error) => {
          next = files.length;
          throw error;
        });
        done += 1;
        tell();
      }
    }));
    const failed = all.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    return lost;
  }

  /** Have it read, as soon as the server has a place for that. @param {string} id */
  async function taken(id) {
    for (;;) {
      going.signal.throwIfAborted();
      const refusal = await api.finishUpload(id).then(() => null, (error) => error);
      if (!refusal) return;
      if (refusal.code !== "busy") throw refusal;
      progress("All is sent. Waits until the server is done with other work.", null);
      await new Promise((wake) => setTimeout(wake, LOOK_EVERY));
    }
  }

  /** @param {string} id @returns {Promise<Upload>} once it is over */
  async function followed(id) {
    for (;;) {
      going.signal.throwIfAborted();
      const upload = await api.upload(id);
      if (upload.state !== "working") return upload;
      progress(outcome(upload), upload.progress ? upload.progress.done / upload.progress.of : null);
      await new Promise((wake) => setTimeout(wake, LOOK_EVERY));
    }
  }

  /** What goes on stays one element, so that a press of Cancel is not lost. @param {string} says @param {number|null} share */
  function progress(says, share) {
    if (doing.parentNode !== now) fill(now, doing);
    doingSays.textContent = says;
    bar.className = share === null ? "unsure" : "";
    bar.style.width = share === null ? "" : `${100 * share}%`;
  }

  /** @param {Upload} upload @param {import("../types.js").Refused[]} [early] refused before they were sent */
  function draw(upload, early = []) {
    const refused = [...early, ...upload.refused];
    const failed = upload.state === "failed";
    fill(
      now,
      h("p", { class: failed ? "notice bad" : "notice", "data-upload": upload.state }, h("b", {}, upload.title), " ", outcome(upload)),
      refusals(refused, upload.unnamed, upload.hidden),
      upload.remarks.map((remark) => h("p", { class: "notice small" }, remark)),
      upload.dataset && h("button", { class: "button primary", id: "use-images", onclick: () => state.set({ dialog: `new ${upload.dataset}` }) }, "New run with these"),
    );
  }

  /** @param {import("../types.js").Refused[]} refused */
  function drawRefused(refused) {
    fill(now, h("p", { class: "notice bad" }, "None of these files can be sent."), refusals(refused, 0, 0));
  }

  /** @param {import("../types.js").Refused[]} refused @param {number} unnamed @param {number} hidden */
  function refusals(refused, unnamed, hidden) {
    const heading = leftOut(refused, unnamed, hidden);
    if (!heading) return null;
    return h("div", { class: "block" }, h("h3", {}, heading),
      refused.length > 0 && h("ul", { class: "refused", tabindex: 0, "aria-label": "Files left out" },
        refused.map(({ name, reason }) => h("li", {}, h("b", {}, name), ` ${reason}`))),
      unnamed > 0 && h("p", { class: "soft small" }, `and ${unnamed} more.`));
  }

  /** What was sent before. */
  async function list() {
    const { uploads } = await api.uploads().catch(() => ({ uploads: /** @type {Upload[]} */ ([]) }));
    fill(earlier, uploads.length > 0 && [h("h3", {}, "Sent before"), h("ul", { class: "sent" }, uploads.map((upload) => h("li", { class: "between" },
      h("span", {}, h("b", {}, upload.title), h("span", { class: "soft small" }, ` ${outcome(upload)}`)),
      h("span", { class: "actions" },
        upload.dataset && h("button", { class: "quiet accent", onclick: () => state.set({ dialog: `new ${upload.dataset}` }) }, "New run"),
        upload.state !== "working" && h("button", { class: "quiet", onclick: () => removed(upload) }, "Remove")))))]);
  }

  /** @param {Upload} upload */
  async function removed({ id }) {
    try {
      await api.removeUpload(id);
    } catch (error) {
      fill(now, h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
    }
    void list();
  }

  return element;
}
