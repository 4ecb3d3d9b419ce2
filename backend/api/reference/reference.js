// Shows what /api/openapi.json says. Everything goes in as text.

const VERBS = ["get", "post", "put", "patch", "delete"];

/** An element with attributes and children; strings become text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** What a schema wants, in a form that is short to read: names, kinds, nothing else. */
function outline(schema, schemas, depth = 0) {
  if (!schema) return "any";
  if (schema.$ref) return outline(schemas[schema.$ref.split("/").pop()], schemas, depth);
  if (schema.anyOf) return schema.anyOf.map((one) => outline(one, schemas, depth)).join(" | ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.type === "array") return `[${outline(schema.items, schemas, depth)}]`;
  if (schema.type === "object" && schema.properties) {
    const pad = "  ".repeat(depth + 1);
    const lines = Object.entries(schema.properties).map(
      ([name, value]) => `${pad}${name}: ${outline(value, schemas, depth + 1)}`,
    );
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  return schema.type ?? "any";
}

function range(schema) {
  const limits = [];
  for (const one of schema.anyOf ?? [schema]) {
    if (one.minimum !== undefined) limits.push(`from ${one.minimum}`);
    if (one.maximum !== undefined) limits.push(`to ${one.maximum}`);
  }
  if (schema.default !== undefined && schema.default !== null) limits.push(`default ${schema.default}`);
  return limits.join(", ");
}

function parameters(list, schemas) {
  if (!list?.length) return null;
  const rows = list.map((parameter) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", {}, parameter.name)),
      element("td", {}, parameter.in),
      element("td", {}, outline(parameter.schema, schemas)),
      element("td", {}, [parameter.description, range(parameter.schema)].filter(Boolean).join(" ")),
    ),
  );
  const head = ["name", "in", "type", "meaning"].map((word) => element("th", {}, word));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function content(title, holder, schemas) {
  const kinds = Object.entries(holder?.content ?? {});
  if (!kinds.length) return null;
  const parts = kinds.map(([kind, { schema }]) =>
    element("pre", {}, schema ? `${kind}\n${outline(schema, schemas)}` : kind),
  );
  return element("section", {}, element("h3", {}, title), ...parts);
}

function operation(path, verb, what, schemas) {
  const [status, reply] = Object.entries(what.responses).find(([code]) => code < "300") ?? ["", {}];
  return element(
    "details",
    {},
    element(
      "summary",
      {},
      element("code", { class: "verb" }, verb.toUpperCase()),
      element("code", {}, path),
      element("span", { class: "quiet" }, ` ${what.description ?? ""}`),
    ),
    element(
      "div",
      { class: "body" },
      parameters(what.parameters, schemas),
      content("Request", what.requestBody, schemas),
      content(`Reply ${status}`, reply, schemas),
    ),
  );
}

const place = document.getElementById("operations");
try {
  const { paths, components } = await (await fetch("/api/openapi.json")).json();
  const groups = new Map();
  for (const [path, verbs] of Object.entries(paths)) {
    for (const verb of VERBS.filter((word) => verbs[word])) {
      const tag = verbs[verb].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, element("section", {}, element("h2", {}, tag)));
      groups.get(tag).append(operation(path, verb, verbs[verb], components?.schemas ?? {}));
    }
  }
  place.replaceChildren(...groups.values());
} catch {
  place.replaceChildren("The description could not be loaded. Is the server still running?");
}
place.setAttribute("aria-busy", "false");
