// A form to write a request in, and send it.

import { element, labelled } from "./dom.js";
import { indented, jsonLines } from "./json_lines.js";
import { aboutSecrets, contentOf, isFiltered, ownFields } from "./sending.js";
import { targetFields } from "./target_fields.js";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"];

/**
 * A form that begins with *request*, as the API gives it; `send(request)` is called with what it is
 * then.  Where the *operation* is known, its parameters have fields of their own.
 */
export function composer(request, { send, operation = null, more = [] }) {
  const methods = METHODS.includes(request.method) ? METHODS : [request.method, ...METHODS];
  const method = element("select", { "aria-label": "Method", value: request.method },
    methods.map((name) => element("option", { selected: name === request.method }, name)));
  const target = element("input", { value: request.target, "aria-label": "Target", class: "mono", spellcheck: "false" });
  const fields = element("textarea", { rows: "3", spellcheck: "false", value: written(ownFields(request.fields)) });
  const isText = request.body.text !== null || !request.body.size;
  const text = isText ? laidOut(request.body.text ?? "") : "";
  const rows = Math.max(3, Math.min(18, text.split("\n").length + 1));
  const body = element("textarea", { rows, spellcheck: "false", value: text });
  const fault = element("p", { class: "fault", role: "alert" });
  const check = () => {
    const wrong = isJson(fields.value) && body.value.trim() ? faultIn(body.value) : null;
    body.setAttribute("aria-invalid", String(wrong !== null));
    fault.textContent = wrong === null ? "" : `No JSON, and sent as it is: ${wrong}`;
  };
  body.addEventListener("input", check);
  const secrets = element("p", { role: "status" });
  const warn = () => {
    const about = aboutSecrets(target.value, fields.value, body.value);
    secrets.hidden = about === null;
    // a credential goes where one was; what else was a secret only who asked knows
    secrets.className = isFiltered(target.value) || isFiltered(body.value) ? "banner warn" : "soft";
    secrets.textContent = about ?? "";
  };
  warn();
  const submit = (event) => {
    event.preventDefault();
    const content = isText || body.value ? body.value || undefined : contentOf(request.body);
    send({ method: method.value, target: target.value, fields: read(fields.value), body: content });
  };
  const form = element("form", { class: "panel", onsubmit: submit },
    element("div", { class: "line-of-request" }, method, target),
    operation && targetFields(operation, target),
    labelled("Header fields", fields),
    labelled(isText ? "Body" : `Body (${request.body.size} bytes that are no text are sent unless you write another)`, body),
    fault, secrets,
    request.body.cut && element("p", { class: "fault" }, "Only the beginning of this body was kept: it is sent cut."),
    element("div", { class: "buttons" }, element("button", { class: "main", type: "submit" }, "Send"), more));
  form.addEventListener("input", warn);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return form;
}

function written(fields) {
  return fields.map(({ name, value }) => `${name}: ${value}`).join("\n");
}

function read(text) {
  return text.split("\n").filter((line) => line.includes(":")).map((line) => {
    const [, name, value] = /^([^:]*):\s*(.*?)\s*$/.exec(line);
    return { name: name.trim(), value };
  });
}

function isJson(fields) {
  return /^content-type:.*json/im.test(fields);
}

function laidOut(text) {
  const lines = jsonLines(text);
  return lines === null ? text : indented(lines);
}

function faultIn(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (fault) {
    return fault.message;
  }
}
