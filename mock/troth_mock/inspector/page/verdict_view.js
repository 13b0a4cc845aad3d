// What the client did after a fault: in a word, and in all.

import { element } from "./dom.js";

// what is good whatever the app is for; what is not wrong either may still not be what it should do
const GOOD = ["retried", "waited"];

/** The outcome of an item of the verdict. */
export function outcomeChip({ ok, outcome }) {
  return element("span", { class: `chip ${ok ? isGood({ outcome }) && "good" || "" : "bad"}` }, outcome);
}

/** A sentence on all *items*. */
export function summary({ ok, items }) {
  if (!ok) return "The client did not do well after every fault.";
  return items.every(isGood) ? "The client did well after every fault." : "The client did nothing wrong.";
}

function isGood({ outcome }) {
  return GOOD.includes(outcome);
}
