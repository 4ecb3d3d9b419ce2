// A field of the form for a new run: its label, what is asked for, and what that means.

import { fill, h } from "./dom.js";

/** @typedef {import("./types.js").Setting} Setting */

/**
 * @param {string} says
 * @param {string} id
 * @param {HTMLElement|HTMLElement[]} control
 * @param {string|Node} help
 */
export function labelled(says, id, control, help) {
  return h("div", { class: "field" }, h("label", { for: id }, says), control, help && h("p", { class: "soft small" }, help));
}

/** @param {Setting} setting */
const titleOf = ({ name, unit }) =>
  `${name[0].toUpperCase()}${name.slice(1).replaceAll("_", " ")}${unit && unit !== name ? `, ${unit}` : ""}`;

/**
 * @param {Setting} setting
 * @param {string|number} start
 * @param {import("./types.js").Word[]|undefined} words
 */
export function field(setting, start, words) {
  const id = `set-${setting.name}`;
  if (setting.type !== "choice") {
    const number = setting.type !== "text";
    const input = h("input", {
      id, type: number ? "number" : "text", value: start, min: setting.minimum, max: setting.maximum,
      step: setting.type === "int" ? 1 : "any",
    });
    return {
      element: labelled(titleOf(setting), id, input, setting.help),
      read: () => input.value,
      write: (/** @type {string|number} */ value) => void (input.value = `${value}`),
      offer: null,
    };
  }
  const help = h("span", {});
  const explain = () => fill(help, words?.find((w) => w.word === select.value)?.sentence ?? setting.help);
  const select = h("select", { id, onchange: explain },
    setting.choices.map((word) => h("option", { value: word, selected: word === start }, word)));
  explain();
  return {
    element: labelled(titleOf(setting), id, select, help),
    read: () => select.value,
    write: (/** @type {string|number} */ value) => void (select.value = `${value}`),
    /** @param {string[]} choices the words there are to choose from now */
    offer(choices) {
      for (const option of select.options) option.hidden = option.disabled = !choices.includes(option.value);
      if (!choices.includes(select.value)) select.value = `${setting.default}`;
    },
  };
}

/**
 * The data sets by title; what else there is must be shown to the server first.
 * @param {import("./types.js").DataSource[]} datasets
 * @param {string} start a key
 * @param {() => void} send where to send images of one's own
 */
export function dataField(datasets, start, send) {
  const help = h("span", {});
  const select = h(
    "select",
    { id: "set-data", onchange: explain },
    datasets.map(({ key, title, ready }) => h("option", { value: key, selected: key === start, disabled: !ready },
      ready ? title : `${title} (not here yet)`)),
  );

  function explain() {
    const data = datasets.find(({ key }) => key === select.value);
    const missing = datasets.filter((d) => !d.ready && d.reason).map((d) => h("li", {}, h("b", {}, d.title), ` ${d.reason}`));
    fill(
      help,
      data?.sentence,
      h("details", { class: "missing" },
        h("summary", {}, "Licence, and other images"),
        data && h("p", {}, `Licence: ${data.licence}`),
        h("p", {}, "A pack, or a folder that lies on this machine: start the server with ", h("code", {}, "saccade serve --data PATH")),
        missing.length > 0 && h("ul", {}, missing)),
    );
  }
  explain();
  const sending = h("button", { class: "button", id: "send-images", onclick: send }, "Send images of your own");
  return { element: labelled("Data set", "set-data", [select, sending], help), read: () => select.value, write: null, offer: null };
}
