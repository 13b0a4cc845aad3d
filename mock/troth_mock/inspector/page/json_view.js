// A JSON text to read: lines that fold, and notes at the places that they speak of.

import { element, fill } from "./dom.js";
import { jsonLines, lineOf } from "./json_lines.js";

const LONG_ARRAY = 40;
const LINES_AT_ONCE = 1500;

/** *notes* are `{pointer, severity, show}`; `show()` gives what stands below the line. */
export function jsonView(text, { notes = [], label = "JSON" } = {}) {
  const lines = jsonLines(text);
  if (lines === null) return plainView(text, { label, notes });
  const noted = new Map();
  for (const note of notes) {
    const place = lineOf(lines, note.pointer);
    noted.set(place, [...(noted.get(place) ?? []), note]);
  }
  const state = { lines, noted, folded: longOnes(lines, noted), most: LINES_AT_ONCE };
  const view = element("div", { class: "code json", role: "region", "aria-label": label });
  view.addEventListener("keydown", walk);
  view.addEventListener("click", (event) => {
    const fold = event.target.closest("[data-fold]");
    if (!fold) return;
    const place = Number(fold.dataset.fold);
    if (!state.folded.delete(place)) state.folded.add(place);
    draw(view, state);
    view.querySelector(`[data-fold="${place}"]`)?.focus();
  });
  draw(view, state);
  return view;
}

/** What is no JSON: as it came. */
export function plainView(text, { label = "text", notes = [], kind = "" } = {}) {
  return element(
    "div",
    { class: `code ${kind}`, role: "region", "aria-label": label, tabindex: "0" },
    notes.map((note) => element("div", { class: `note ${note.severity}` }, note.show())),
    element("pre", { dir: "auto" }, text),
  );
}

// one stop of the Tab key for all that folds; the arrow keys go from one to the next
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.classList.contains("fold")) return;
  event.preventDefault();
  const folds = [...event.currentTarget.querySelectorAll(".fold")];
  const next = folds[folds.indexOf(event.target) + step];
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function longOnes(lines, noted) {
  const folded = new Set();
  lines.forEach((line, place) => {
    if (!(line.opens > LONG_ARRAY) || line.depth === 0) return;
    if (![...noted.keys()].some((at) => at >= place && at <= line.end)) folded.add(place);
  });
  return folded;
}

function draw(view, state) {
  const { lines, noted, folded, most } = state;
  const shown = [];
  for (let place = 0; place < lines.length && shown.length < most; place += 1) {
    const line = lines[place];
    const isFolded = folded.has(place);
    shown.push(row(line, place, isFolded ? lines[line.end] : null, noted.get(place)));
    for (const note of noted.get(place) ?? [])
      shown.push(at(line.depth, element("div", { class: `note ${note.severity}` }, note.show())));
    if (isFolded) place = line.end;
  }
  const rest = shown.length >= most && element(
    "button",
    { class: "quiet", onclick: () => { state.most = Infinity; draw(view, state); } },
    `Show all ${lines.length.toLocaleString("en")} lines`,
  );
  fill(view, shown, rest);
  const first = view.querySelector(".fold");
  if (first) first.tabIndex = 0;
}

function row(line, place, closing, notes) {
  const fold = line.end && element(
    "button",
    {
      class: "fold",
      "data-fold": place,
      "aria-expanded": String(!closing),
      "aria-label": `${closing ? "Unfold" : "Fold"} ${line.pointer || "the whole"}`,
      tabindex: "-1",
    },
  );
  return at(line.depth, element(
    "div",
    { class: notes ? `line ${notes[0].severity}` : "line", "data-pointer": line.closes ? null : line.pointer },
    fold,
    line.tokens.map(token),
    closing && [
      element("span", { class: "soft" }, ` ${line.opens.toLocaleString("en")} … `),
      closing.tokens.map(token),
    ],
  ));
}

function at(depth, shown) {
  shown.style.setProperty("--depth", depth);
  return shown;
}

function token([kind, text]) {
  return kind === "string"
    ? element("bdi", { class: kind }, legible(text))
    : element("span", { class: kind }, text);
}

// \u6570 is shown as the letter that it is; what cannot be seen, or half of a pair, stays as it was written
function legible(string) {
  return string.replace(/(?:\\\\|(?:\\u[0-9a-f]{4})+)/gi, (escapes) => {
    if (escapes === "\\\\") return escapes;
    const letters = JSON.parse(`"${escapes}"`);
    return /^[\p{L}\p{M}\p{N}\p{P}\p{S}\u200d\ufe0f]+$/u.test(letters) && !/["\\]/.test(letters) ? letters : escapes;
  });
}
