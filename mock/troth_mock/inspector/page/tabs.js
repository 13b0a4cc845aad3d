// Tabs that the arrow keys walk.

import { element, fill } from "./dom.js";

/** *tabs* are `{name, label, count, severity, show}`; `show()` gives the panel when it is first seen. */
export function tabs(list, { label, chosen, change = () => {} }) {
  const panel = element("div", { class: "panel", role: "tabpanel", tabindex: "-1" });
  const shown = new Map();
  const bar = element("div", { class: "tabs", role: "tablist", "aria-label": label });

  function choose(name, { focus = false } = {}) {
    const tab = list.find((one) => one.name === name) ?? list[0];
    if (!shown.has(tab.name)) shown.set(tab.name, tab.show());
    fill(panel, shown.get(tab.name));
    panel.setAttribute("aria-label", tab.label);
    for (const button of bar.children) {
      const isChosen = button.dataset.name === tab.name;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      if (isChosen && focus) button.focus();
    }
    change(tab.name);
  }

  fill(bar, list.map((tab) => element(
    "button",
    { role: "tab", "data-name": tab.name, type: "button", onclick: () => choose(tab.name) },
    tab.label,
    tab.count !== undefined && [" ", element("span", { class: `count ${tab.severity ?? ""}` }, String(tab.count))],
  )));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const now = list.findIndex((tab) => tab.name === event.target.dataset.name);
    choose(list[(now + step + list.length) % list.length].name, { focus: true });
  });
  choose(chosen);
  return { bar, panel, choose };
}
