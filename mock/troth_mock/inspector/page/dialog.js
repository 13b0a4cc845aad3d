// A dialog over the page: it takes the focus, gives it back, and Escape closes it.

import { element } from "./dom.js";

/** Open a dialog with *content*; what is returned has `close()`. */
export function dialog(title, ...content) {
  const shown = element("dialog", { "aria-label": title },
    element("div", { class: "inside" },
      element("div", { class: "top" }, element("h2", {}, title),
        element("button", { class: "quiet", type: "button", "aria-label": "Close", onclick: () => shown.close() }, "Close")),
      content));
  shown.addEventListener("close", () => shown.remove());
  shown.addEventListener("click", (event) => {
    if (event.target === shown) shown.close();
  });
  document.body.append(shown);
  shown.showModal();
  shown.querySelector("input, select, textarea")?.focus();
  return shown;
}
