// "Answer the next request with …": status, text or JSON, a fault, a pace.

import { element, labelled } from "./dom.js";
import { FAULTS, PACES, suggesting } from "./suggestions.js";

/** `order(value)` is called with the order; *operation* is the one that is chosen at first. */
export function orderForm({ operations, operation, order }) {
  const chosen = element("select", {}, element("option", { value: "" }, "Any request"),
    operations.map(({ name }) => element("option", { value: name, selected: name === operation }, name)));
  const status = element("input", { type: "number", min: "200", max: "599", placeholder: "200" });
  const times = element("input", { type: "number", min: "1", max: "1000", value: "1" });
  const content = element("textarea", { rows: "6", spellcheck: "false" });
  const fault = element("input", { placeholder: "drop after 5 events", spellcheck: "false" });
  const pace = element("input", { placeholder: "slow", spellcheck: "false" });
  const submit = (event) => {
    event.preventDefault();
    order(kept({
      operation: chosen.value, times: Number(times.value) || 1, status: Number(status.value) || null,
      ...contentOf(content.value), fault: fault.value.trim(), pace: pace.value.trim(),
    }));
  };
  return element("form", { class: "panel", onsubmit: submit },
    element("div", { class: "grid" }, labelled("Operation", chosen), labelled("Status", status), labelled("Times", times)),
    labelled("Text or JSON", content, "A text is what the model says, and the body as it is elsewhere; JSON is the whole body. Empty: the usual answer."),
    element("div", { class: "grid" }, labelled("Fault", suggesting(fault, FAULTS)), labelled("Pace", suggesting(pace, PACES))),
    element("div", { class: "buttons" }, element("button", { class: "main", type: "submit" }, "Order this answer")));
}

function contentOf(text) {
  if (!text.trim()) return {};
  if (!/^\s*[[{]/.test(text)) return { text };
  try {
    return { body: JSON.parse(text) };
  } catch {
    return { text };
  }
}

function kept(order) {
  return Object.fromEntries(Object.entries(order).filter(([, value]) => value !== "" && value !== null));
}
