// The parameters in a request's target as fields of a form: what is typed there changes the target.

import { element, fill, labelled } from "./dom.js";
import { suggesting } from "./suggestions.js";

const SHOWN = 3;

/** The fields of *target*, an input; *operation* says its path template and its parameters. */
export function targetFields(operation, target) {
  const place = element("div", { class: "grid" });
  const declared = (operation.parameters ?? []).filter((one) => one.in === "query");
  const draw = () => {
    const parts = parse(operation.path, target.value);
    if (parts === null) return fill(place);
    const write = () => { target.value = written(parts); };
    const missing = declared.filter(({ name }) => !parts.query.some((one) => one.name === name))
      .map(({ name }) => ({ name, value: null }));
    parts.query.push(...missing);
    return fill(place,
      parts.path.map((part) => field(operation, "path", part, write)),
      parts.query.map((part) => field(operation, "query", part, write)));
  };
  target.addEventListener("change", draw);
  draw();
  return place;
}

function field(operation, location, part, write) {
  const declared = (operation.parameters ?? []).find((one) => one.name === part.name && one.in === location);
  const input = element("input", { value: part.value ?? "", spellcheck: "false", placeholder: location === "query" ? "not sent" : "", title: declared?.description ?? "" });
  input.addEventListener("input", () => {
    // an empty field that was not there stays away
    part.value = input.value === "" && location === "query" ? null : input.value;
    write();
  });
  const { stored = [] } = declared ?? {};
  return labelled([element("span", { class: "mono" }, part.name), ` ${location}`, declared?.required && location === "query" && ", required"],
    stored.length ? suggesting(input, stored) : input,
    // a browser offers only those that begin as what stands there already
    stored.length > 0 && `stored: ${stored.slice(0, SHOWN).join(", ")}${stored.length > SHOWN ? " …" : ""}`);
}

/** What stands in *target*: before the path, for each name of the *template*, and in the query. */
export function parse(template, target) {
  const names = [];
  const pattern = template.split(/(\{[^{}]*\})/).map((part) => {
    if (!/^\{.*\}$/.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(part.slice(1, -1));
    return "([^/?]*)";
  }).join("");
  const [path, ...rest] = target.split("?");
  const found = new RegExp(`^(.*?)${pattern}$`).exec(path);
  if (found === null) return null;
  const query = rest.join("?").split("&").filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split("=");
    return { name: plain(name), value: plain(value.join("=")) };
  });
  return { template, base: found[1], path: names.map((name, place) => ({ name, value: decoded(found[place + 2]) })), query };
}

/** The target that *parts* stand for; what has no value is left out. */
export function written({ template, base, path, query }) {
  let place = 0;
  const whole = base + template.replace(/\{[^{}]*\}/g, () => encodeURIComponent(path[place++].value));
  const pairs = query.filter(({ value }) => value !== null)
    .map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length ? `${whole}?${pairs.join("&")}` : whole;
}

// in a query a space may be a plus sign
function plain(text) {
  return decoded(text.replaceAll("+", " "));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
