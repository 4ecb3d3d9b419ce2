// The form for a new run, made from the server's table of settings.

import { applies, command, complaint, FIRST, obstacle, returns, valueOf, wordsOf } from "../form.js";
import { commandWords } from "../marks/commandline.js";
import { costSentence, provenance } from "../cost.js";
import { dataField, field, labelled } from "../fields.js";
import { fill, h } from "../dom.js";

/** @typedef {import("../types.js").Setting} Setting */

const LONGEST = 80; // letters of a name
const AGAIN = ", again";

/** @param {import("../types.js").Page} page */
export function newrun({ state, runs, api }) {
  const body = h("div", { class: "form-body" });
  const element = h("dialog", { class: "sheet", id: "new-run-form", "aria-label": "New run" }, body);
  /** @type {string|null} the dialog that the form was last filled for */
  let shown = null;
  element.addEventListener("close", () => {
    if (asked()) state.set({ dialog: null });
  });
  /** The run and the data set to start from, null for none; or null when no form is asked for. */
  function asked() {
    const { dialog } = state.now;
    if (dialog === "new") return { from: null, data: null };
    if (dialog?.startsWith("new ")) return { from: null, data: dialog.slice(4) };
    return dialog?.startsWith("clone ") ? { from: dialog.slice(6), data: null } : null;
  }

  async function toggle() {
    const wanted = asked();
    if (!wanted) return element.close();
    const { dialog } = state.now;
    if (element.open && dialog === shown) return;
    shown = dialog;
    fill(body, title(), h("div", { class: "bone tall" }));
    if (!element.open) element.showModal();
    try {
      const [source, settings, rules, encoders, datasets] = await Promise.all([
        sourceOf(wanted.from), api.settings(), api.rules(), api.encoders(), api.datasets(),
      ]);
      if (state.now.dialog === dialog) form(settings.filter(({ torchrun }) => !torchrun), { rule: rules, encoder: encoders }, datasets, source, wanted.data);
    } catch (error) {
      if (state.now.dialog === dialog) fill(body, title(), h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
    }
  }

  /** The run to take settings from. Throws where there is none to take. @param {string|null} id */
  async function sourceOf(id) {
    if (!id) return null;
    if (!runs.get(id)) await runs.refresh();
    const source = runs.get(id);
    const why = (!source && runs.failure?.message) || obstacle(id, source);
    if (why) throw new Error(why);
    return source;
  }

  function title() {
    return h("div", { class: "card-head" },
      h("h2", { class: "big" }, "New run"), h("span", { class: "gap" }),
      h("button", { class: "quiet", onclick: () => element.close() }, "Close"));
  }

  /**
   * @param {Setting[]} settings
   * @param {{rule: import("../types.js").RuleWord[], encoder: import("../types.js").Word[]}} words
   * @param {import("../types.js").DataSource[]} datasets
   * @param {import("../types.js").Run|null} source
   * @param {string|null} data a key
   */
  function form(settings, words, datasets, source, data) {
    const name = h("input", { id: "run-name", maxlength: LONGEST, placeholder: "a name, or leave empty", value: source ? `${source.name.slice(0, LONGEST - AGAIN.length)}${AGAIN}` : "" });
    const notice = h("p", { class: "notice bad", role: "alert", hidden: true });
    const line = h("code", { class: "command" });
    const cost = h("div", { class: "block cost", id: "cost" });
    const heavy = h("p", { class: "notice", role: "status", hidden: true });
    const fields = settings.map((setting) => {
      const start = source?.config[setting.name] ?? setting.default;
      const known = /** @type {Record<string, import("../types.js").Word[]>} */ (words)[setting.name];
      const made = setting.name === "data" ? dataField(datasets, data ?? source?.dataset ?? `${start}`, () => state.set({ dialog: "images" })) : field(setting, start, known);
      return { setting, ...made };
    });
    const rule = () => fields.find(({ setting }) => setting.name === "rule")?.read() ?? "";
    const used = () => fields.filter(({ setting }) => applies(setting, rule()));
    const values = () => Object.fromEntries(used().map(({ setting, read }) => [setting.name, valueOf(setting, read())]));
    let shown = "";
    let weighed = "";

    /** Show what the rule has, and no more. */
    function fit() {
      const chosen = words.rule.find(({ word }) => word === rule());
      for (const { setting, element, offer } of fields) {
        element.hidden = !applies(setting, rule());
        if (offer && setting.rules.length) offer(wordsOf(setting, chosen));
      }
      if (shown && shown !== rule()) {
        for (const { setting, write } of fields) if (write && returns(setting)) write(setting.default);
      }
      shown = rule();
    }

    /** Tell of very many weights, and of the cost where it is known, before the run is started. */
    async function weigh() {
      const config = values();
      const key = JSON.stringify(config);
      if (key === weighed || used().some(({ setting }) => complaint(setting, config[setting.name]))) return;
      weighed = key;
      const told = await api.estimate(config).catch(() => null);
      if (key !== weighed) return;
      heavy.hidden = !told?.warning;
      fill(heavy, told?.warning ?? "");
      drawCost(told);
      if (told?.state === "measuring") void follow(key, config);
    }

    /** Ask again until the cost is measured, or the form is about something else. @param {string} key @param {import("../form.js").Config} config */
    async function follow(key, config) {
      while (key === weighed && asked() && cost.isConnected) {
        await new Promise((wake) => setTimeout(wake, 1000));
        const told = await api.estimate(config).catch(() => null);
        if (key !== weighed) return;
        if (told && told.state !== "measuring") return drawCost(told);
      }
    }

    async function measure() {
      const config = values();
      const key = JSON.stringify(config);
      weighed = key;
      try {
        const told = await api.measure(config);
        if (key !== weighed) return;
        drawCost(told);
        void follow(key, config);
      } catch (error) {
        if (key === weighed) drawCost(null, /** @type {Error} */ (error).message);
      }
    }

    /** @param {import("../types.js").Estimate|null} told @param {string} [refusal] */
    function drawCost(told, refusal) {
      const state = told?.state ?? "unknown";
      const failure = refusal ?? told?.error?.message;
      cost.dataset.state = refusal ? "failed" : state;
      fill(
        cost,
        h("h3", {}, "What it will cost"),
        told?.cost && [h("p", {}, costSentence(told.cost)), h("p", { class: "soft small" }, provenance(told.cost, Date.now() / 1000))],
        state === "measuring" && [h("p", { role: "status" }, "Takes a few steps, to measure them …"), h("div", { class: "bar" }, h("i", { class: "unsure" }))],
        failure && h("p", { class: "notice" }, `It cannot be measured: ${failure}`),
        state !== "measuring" && h("button", { class: "button", id: "measure", onclick: measure },
          told?.cost ? "Measure again" : "Measure time, memory and disk"),
      );
    }

    function changed() {
      fit();
      fill(line, commandWords(command(used().map(({ setting }) => setting), spoken(values()), words.rule.find(({ word }) => word === rule()))));
      notice.hidden = true;
      void weigh();
    }

    /** @param {SubmitEvent} event */
    async function submit(event) {
      event.preventDefault();
      const config = values();
      const wrong = used().map(({ setting }) => complaint(setting, config[setting.name])).find(Boolean);
      if (wrong) return refuse(wrong);
      start.disabled = true;
      try {
        const run = await runs.start({ name: name.value.trim(), config });
        state.set({ run: run.id, dialog: null });
      } catch (error) {
        refuse(/** @type {Error} */ (error).message);
      }
      start.disabled = false;
    }

    /** @param {string} why */
    function refuse(why) {
      notice.hidden = false;
      fill(notice, why);
      notice.scrollIntoView({ block: "nearest" });
    }

    const start = h("button", { type: "submit", class: "button primary", id: "start-run" }, "Start run");
    const first = fields.filter(({ setting }) => FIRST.includes(setting.name));
    const rest = fields.filter(({ setting }) => !FIRST.includes(setting.name));
    fill(
      body,
      title(),
      h(
        "form",
        { class: "form", novalidate: true, onsubmit: submit, oninput: changed, onchange: changed },
        labelled("Name", "run-name", name, ""),
        first.map((f) => f.element),
        heavy,
        h("details", { class: "more" }, h("summary", {}, "More settings"), h("div", { class: "form-grid" }, rest.map((f) => f.element))),
        notice,
        cost,
        h("div", { class: "block" }, h("h3", {}, "The same from a terminal"), line),
        h("div", { class: "form-end" },
          h("button", { class: "button", onclick: () => element.close() }, "Cancel"), start),
      ),
    );
    drawCost(null);
    changed();
    name.focus();
  }

  /** The command for a terminal, where a data set goes by its word or path. @param {import("../form.js").Config} config */
  function spoken(config) {
    const known = runs.list.find((run) => run.dataset === config.data);
    return { ...config, data: known?.config.data ?? config.data };
  }

  state.on(["dialog"], () => void toggle());
  queueMicrotask(() => void toggle());
  return element;
}
