// The view "Stored": the resources that the mock keeps of what was posted, changed and deleted.

import { ask } from "./api.js";
import { element, fill } from "./dom.js";
import { counted } from "./format.js";
import { jsonView } from "./json_view.js";
import { attempt } from "./notice.js";

const ITEMS_AT_ONCE = 100;

export class StoredPage {
  constructor() {
    this.element = element("div", { class: "pane stored", tabindex: "-1" });
  }

  async open() {
    const state = await attempt(() => ask("GET", "state"));
    if (state) this._show(state.collections);
  }

  key() {
    return false;
  }

  async _reset() {
    await attempt(() => ask("POST", "reset"), "The mock is as it was when it started.");
    await this.open();
  }

  _show(collections) {
    const title = element("div", { class: "title" }, element("h2", { class: "plain" }, "Stored resources"),
      element("div", { class: "buttons" },
        element("button", { type: "button", onclick: () => this.open() }, "Look again"),
        element("button", { class: "bad", type: "button", onclick: () => this._reset() }, "Forget all")));
    fill(this.element, title, collections.length ? collections.map(collection)
      : element("div", { class: "empty" }, element("h2", {}, "Nothing is stored yet"),
        element("p", {}, "Collections appear when they are first asked for: what is posted there is listed, read, changed and deleted.")));
  }
}

function collection({ session, path, values, items, gone }) {
  return element("section", { class: "card" },
    element("div", { class: "head" },
      element("h2", { class: "mono" }, path, values.length > 0 && element("span", { class: "soft" }, ` in ${values.join(", ")}`)),
      element("div", { class: "chips" },
        element("span", { class: "chip" }, counted(items.length, "item")),
        gone.length > 0 && element("span", { class: "chip" }, `${gone.length} deleted`),
        session && element("span", { class: "chip accent" }, `session ${session}`))),
    items.slice(0, ITEMS_AT_ONCE).map(item),
    items.length > ITEMS_AT_ONCE && element("p", { class: "soft" }, `… and ${items.length - ITEMS_AT_ONCE} more`),
    gone.length > 0 && element("p", { class: "soft" }, "Deleted: ", gone.join(", ")));
}

function item({ id, value, made, version }) {
  const place = element("div");
  const shown = element("details", {
    ontoggle: () => { if (shown.open && !place.firstChild) fill(place, jsonView(JSON.stringify(value), { label: `Item ${id}` })); },
  },
    element("summary", {}, element("code", {}, id), " ",
      element("span", { class: made ? "chip good" : "chip" }, made ? "made by a client" : "drawn"), " ",
      version > 0 && element("span", { class: "chip accent" }, `changed ${version === 1 ? "once" : `${version} times`}`)),
    place);
  return shown;
}
