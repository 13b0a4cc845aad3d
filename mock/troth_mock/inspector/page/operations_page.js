// The view "Operations": what the document declares, and a form to try each.

import { ask } from "./api.js";
import { composer } from "./composer.js";
import { element, fill } from "./dom.js";
import { ExchangeView } from "./exchange_view.js";
import { attempt } from "./notice.js";
import { sendAndSee } from "./sending.js";
import { VirtualList } from "./virtual_list.js";

export class OperationsPage {
  constructor({ journal, contract }) {
    this._journal = journal;
    this._contract = contract;
    this._seed = 0;
    this._all = [];
    this._list = new VirtualList({
      label: "Operations", name: "operations", draw: row,
      open: (item) => { location.hash = `#/operations/${encodeURIComponent(item.id)}`; },
    });
    this._search = element("input", { type: "search", placeholder: "Find an operation", "aria-label": "Find an operation", "aria-keyshortcuts": "/" });
    this._search.addEventListener("input", () => this._find());
    this._place = element("div", { class: "panel" });
    this._answer = element("div", { class: "panel", "aria-live": "polite" });
    this.element = element("div", { class: "split" },
      element("div", { class: "side" }, element("div", { class: "bar" }, element("div", {}, this._search)), this._list.element),
      element("div", { class: "pane", tabindex: "-1", "aria-label": "The operation" },
        element("a", { class: "back button", href: "#/operations" }, "‹ All operations"), this._place, this._answer));
    this._view = new ExchangeView(this._answer, {
      journal, spoken: (exchange) => contract.spoken(exchange),
      actions: ({ id }) => element("a", { href: `#/exchanges/${id}` }, "In the list"),
    });
  }

  async open(name) {
    const operations = (await attempt(() => this._contract.operations)) ?? [];
    this._all = operations.map((operation) => ({ ...operation, id: operation.name }));
    this._find();
    const chosen = this._all.find((one) => one.id === name);
    this.element.classList.toggle("open", Boolean(chosen));
    if (!chosen) {
      this._list.select(null);
      this._shown = null;
      fill(this._place, element("div", { class: "empty" }, element("h2", {}, "Choose an operation"),
        element("p", {}, "Each comes with a request that the document allows, ready to be changed and sent.")));
      fill(this._answer);
      return;
    }
    if (this._shown === chosen.id) return;
    this._shown = chosen.id;
    this._list.select(chosen.id);
    this._list.reveal(chosen.id);
    this._view.close();
    fill(this._answer);
    // of many operations the mock makes a request only when it is asked for, and what is stored changes
    const isOld = chosen.request === null || (chosen.parameters ?? []).some((one) => one.in === "path");
    if (!isOld || !(await this._another(chosen, 0))) this._show(chosen);
  }

  key(key) {
    if (key === "/") this._search.focus();
    else if (key === "j") this._list.move(1);
    else if (key === "k") this._list.move(-1);
    else return false;
    return true;
  }

  _find() {
    const words = this._search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this._list.show(this._all.filter((one) => {
      const text = `${one.name} ${one.operation_id ?? ""} ${one.summary ?? ""} ${(one.tags ?? []).join(" ")}`.toLowerCase();
      return words.every((word) => text.includes(word));
    }));
  }

  _show(operation) {
    const request = operation.request ?? {
      method: operation.method, target: operation.path, fields: [], body: { size: 0, cut: false, text: null, base64: null },
    };
    fill(this._place,
      element("div", { class: "title" }, element("h2", {}, operation.name), element("div", { class: "chips" },
        operation.deprecated && element("span", { class: "chip warn" }, "deprecated"),
        operation.streams && element("span", { class: "chip accent" }, "streams"),
        (operation.statuses ?? []).map((status) => element("span", { class: "chip" }, status)))),
      operation.summary && element("p", {}, operation.summary),
      operation.description && operation.description !== operation.summary &&
        element("details", {}, element("summary", {}, "Description"), element("pre", { class: "prose" }, operation.description)),
      operation.request === null && element("p", { class: "fault" }, "No valid request could be drawn: fill in what is missing."),
      composer(request, {
        operation,
        send: (written) => sendAndSee(written, this._journal, (id) => this._see(id)),
        more: element("button", { type: "button", onclick: () => this._another(operation) }, "Another request"),
      }));
  }

  async _see(id) {
    await this._view.open(id);
    this._answer.scrollIntoView({ block: "start" });
  }

  async _another(operation, seed = (this._seed += 1)) {
    const drawn = await attempt(() => ask("GET", "operations", { query: { seed, operation: operation.name } }));
    if (this._list.selected !== operation.name) return true;
    if (drawn?.operations[0]) this._show({ ...drawn.operations[0], id: operation.name });
    return Boolean(drawn?.operations[0]);
  }
}

function row(operation) {
  return [
    element("div", { class: "what one" }, element("strong", {}, operation.method), ` ${operation.path}`),
    element("div", { class: "soft one" }, operation.summary ?? operation.operation_id ?? ""),
  ];
}
