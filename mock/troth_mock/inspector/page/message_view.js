// One half of an exchange: its header fields and its body, with notes at their places.

import { element } from "./dom.js";
import { bytes } from "./format.js";
import { jsonView, plainView } from "./json_view.js";
import { copy } from "./notice.js";
import { explained, notesOf, outside, severity } from "./violations.js";

/** The fields and the body of *message*; *violations* are those of it. */
export function messageView(message, violations = []) {
  const { "request-body": ofBody = [], other = [] } = Object.groupBy(violations, (one) =>
    one.location === "request-body" ? "request-body" : "other");
  return [
    other.length > 0 && element("div", { class: "part" }, element("div", { class: "top" }, element("h3", {}, "Outside the body")),
      other.map((one) => element("div", { class: `note ${severity(one)}`, "data-pointer": one.pointer },
        element("span", { class: "chip" }, outside(one)), explained(one)))),
    bodyView(message.body, notesOf(ofBody)),
    fieldsView(message.fields),
  ];
}

export function fieldsView(fields) {
  return element("details", { open: fields.length <= 12 },
    element("summary", {}, `Header fields (${fields.length})`),
    element("dl", { class: "fields" }, fields.map(({ name, value }) => [
      element("dt", {}, name), element("dd", {}, value)])));
}

/** A body in the best form there is: JSON, text, or what its bytes are. */
export function bodyView(body, notes = []) {
  if (!body.size && !notes.length) return element("p", { class: "soft" }, "No body.");
  const text = body.text ?? "";
  return element("section", { class: "part" },
    element("div", { class: "top" },
      element("h3", {}, "Body"),
      element("span", { class: "soft" }, [body.media_type, bytes(body.size)].filter(Boolean).join(" · ")),
      body.cut && element("span", { class: "chip warn" }, `cut: the first ${bytes(kept(body))} are kept`),
      text && element("button", { type: "button", onclick: () => copy(text, "Body") }, "Copy")),
    body.text === null
      ? plainView(hexadecimal(body.base64 ?? ""), { label: "Body as bytes", notes, kind: "bytes" })
      : jsonView(text, { label: "Body", notes }));
}

function kept(body) {
  return body.text === null ? atob(body.base64 ?? "").length : new Blob([body.text]).size;
}

const SHOWN_BYTES = 4096;

function hexadecimal(base64) {
  const all = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const lines = [];
  for (let at = 0; at < Math.min(all.length, SHOWN_BYTES); at += 16) {
    const row = [...all.slice(at, at + 16)];
    const digits = row.map((one) => one.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((one) => (one > 31 && one < 127 ? String.fromCharCode(one) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${letters}`);
  }
  if (all.length > SHOWN_BYTES) lines.push(`… ${bytes(all.length - SHOWN_BYTES)} more`);
  return lines.join("\n");
}
