// Faults and paces to begin with, in the words of `--fail` (docs/FAULTS.md) and `--pace`.

import { element } from "./dom.js";

export const FAULTS = [
  "429 every 3rd", "drop after 5 events 10 %", "503 first 2",
  "500 2 %", "slow 2 s", "reset after 3 events", "stall after 5 events for 10 s", "cut after 5 events",
  "malformed after 5 events", "error event after 5 events", "lose after 5 events", "double after 5 events",
  "no sentinel", "finish reason length", "split into 7 bytes", "crlf and comments",
];
export const PACES = ["fast", "typical", "slow", "bursty", "ttft=2 tokens-per-second=20", "off"];

let lists = 0;

/** An input that offers *suggestions* while it is typed in; it stands in an element with its list. */
export function suggesting(input, suggestions) {
  lists += 1;
  input.setAttribute("list", `suggestions-${lists}`);
  return element("div", { class: "suggesting" }, input,
    element("datalist", { id: `suggestions-${lists}` }, suggestions.map((text) => element("option", { value: text }))));
}
