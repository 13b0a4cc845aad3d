// What a request breaks: in short above it, and at its place with the document's own words.

import { element } from "./dom.js";
import { counted } from "./format.js";

const MOST_LISTED = 12;
// so many lines of the document around the one that is meant
const BEFORE = 1;
const AFTER = 4;

/** The notes of a body's view: *violations* at their places. */
export function notesOf(violations) {
  return violations.map((violation, number) => ({
    pointer: violation.pointer,
    severity: severity(violation),
    // one rule may be broken twice in a row: it is read once
    show: () => explained(violation, { isCited: violation.place === violations[number - 1]?.place }),
  }));
}

/** What stands above the request; `open(violation)` is called with the one that is chosen. */
export function banner(violations, open) {
  const errors = violations.filter((one) => severity(one) === "bad").length;
  const others = violations.length - errors;
  const look = `${counted(others, `${errors ? "other " : ""}thing`)} to look at`;
  const title = errors
    ? `The request breaks ${counted(errors, "rule")} of the document${others ? `; ${look}` : ""}`
    : `${look} in the request`;
  return element(
    "section",
    { class: errors ? "banner" : "banner warn", "aria-label": "Violations" },
    element("h3", {}, title),
    element("ul", {}, violations.slice(0, MOST_LISTED).map((violation) => element(
      "li",
      {},
      element("button", { type: "button", onclick: () => open(violation) },
        placed(violation), violation.message),
    )), violations.length > MOST_LISTED && element("li", {}, `… and ${violations.length - MOST_LISTED} more`)),
  );
}

/** Where in a request a violation is that is not in its body: `query /limit`. */
export function outside({ location, pointer }) {
  return `${location.replace(/^request-/, "")} ${pointer}`.trim();
}

function placed(violation) {
  const text = violation.location === "request-body" ? violation.pointer : outside(violation);
  return text && [element("code", {}, text), " "];
}

/** A violation, with the rule as the document writes it. */
export function explained(violation, { isCited = false } = {}) {
  const { code, message, place, lines, first_line: first } = violation;
  return element(
    "div",
    { class: "explained" },
    element("p", { class: "what" }, message),
    element("p", { class: "soft" }, element("code", {}, code), place && [" by ", element("code", {}, place)]),
    lines?.length > 0 && !isCited && element("blockquote", {}, element("pre", {}, numbered(lines, first, lineOf(place)))),
  );
}

/** The line in a place such as `api.yaml:12:7`. */
function lineOf(place) {
  return Number(/:(\d+)(:\d+)?$/.exec(place ?? "")?.[1]);
}

function numbered(lines, first = NaN, meant = NaN) {
  return lines.map((line, place) => ({ line, number: first + place }))
    .filter(({ number }) => !(number < meant - BEFORE || number > meant + AFTER))
    .map(({ line, number }) => element("span", { class: number === meant ? "cited meant" : "cited" },
      !Number.isNaN(number) && element("span", { class: "soft" }, `${number}  `.padStart(6)), `${line}\n`));
}

export function severity(violation) {
  return violation.severity === "error" ? "bad" : "warn";
}
