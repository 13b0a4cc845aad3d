// The view "Switches": how fast answers come, what goes wrong with them, which scenarios answer.

import { ask, keepToken } from "./api.js";
import { element, fill, labelled } from "./dom.js";
import { attempt } from "./notice.js";
import { orderForm } from "./order_form.js";
import { credential, keepCredential } from "./sending.js";

/** Faults to begin with; the whole grammar is in docs/FAULTS.md. */
const SUGGESTED = ["429", "429 every 3rd", "500", "503 every 2nd"];

export class SwitchesPage {
  constructor({ contract }) {
    this._contract = contract;
    this._cards = { pace: card("Pace"), faults: card("Faults"), scenarios: card("Scenarios"), next: card("Next answers"), verdict: card("Verdict on the client"), page: card("This page and the mock") };
    this.element = element("div", { class: "cards", tabindex: "-1" }, element("div", { class: "columns" }, Object.values(this._cards)));
  }

  /** Show all switches as they are now. */
  open() {
    return attempt(() => Promise.all([this._pace(), this._faults(), this._scenarios(), this._next(), this._verdict(), this._page()]));
  }

  key() {
    return false;
  }

  async _pace(state = null) {
    const { pace, profiles = [] } = state ?? (await ask("GET", "pace"));
    const set = (value) => attempt(async () => this._pace(await ask("PUT", "pace", { body: { pace: value } })));
    const own = element("input", { value: pace, spellcheck: "false", class: "mono" });
    show(this._cards.pace,
      element("p", { class: "soft" }, "How fast streams run: a profile, or figures of your own."),
      element("div", { class: "buttons", role: "group", "aria-label": "Pace" }, ["off", ...profiles.filter((one) => one !== "off")].map((name) =>
        element("button", { type: "button", "aria-pressed": String(name === pace), onclick: () => set(name) }, name))),
      element("form", { class: "beside end", onsubmit: (event) => { event.preventDefault(); set(own.value.trim()); } },
        labelled("In figures", own), element("button", { type: "submit" }, "Set")));
  }

  async _faults(state = null) {
    const { faults } = state ?? (await ask("GET", "faults"));
    const set = (list) => attempt(async () => this._faults(await ask("PUT", "faults", { body: { faults: list } })));
    const added = element("input", { placeholder: "429 every 3rd", spellcheck: "false", class: "mono", "aria-label": "A fault" });
    show(this._cards.faults,
      element("p", { class: "soft" }, "What goes wrong with answers, until it is taken away. The words are those of --fail."),
      faults.length > 0 && element("ul", { class: "rows" }, faults.map((text, place) => element("li", {}, element("code", {}, text),
        element("button", { class: "quiet", type: "button", "aria-label": `Take away ${text}`, onclick: () => set(faults.filter((_, other) => other !== place)) }, "Take away")))),
      faults.length === 0 && element("p", {}, "Nothing goes wrong."),
      element("form", { class: "beside", onsubmit: (event) => { event.preventDefault(); if (added.value.trim()) set([...faults, added.value.trim()]); } },
        added, element("button", { type: "submit" }, "Add")),
      element("div", { class: "chips" }, element("span", { class: "soft" }, "Such as"), SUGGESTED.filter((one) => !faults.includes(one)).map((text) =>
        element("button", { class: "suggested mono", type: "button", onclick: () => set([...faults, text]) }, text))),
      faults.length > 1 && element("div", { class: "buttons" }, element("button", { type: "button", onclick: () => set([]) }, "Take all away")));
  }

  async _scenarios(state = null) {
    const { files, active } = state ?? (await ask("GET", "scenarios"));
    const set = (body) => attempt(async () => this._scenarios(await ask("PUT", "scenarios", { body })));
    const toggle = (name, isOn) => set({ active: isOn ? [...active, name] : active.filter((one) => one !== name) });
    show(this._cards.scenarios,
      files.length === 0 && element("p", { class: "soft" }, "No scenarios are loaded. Start the mock with --scenario and a file or a folder."),
      files.map(({ file, error, scenarios }) => element("section", { class: "part" },
        element("h3", { class: "mono" }, file),
        error && element("p", { class: "fault", role: "alert" }, error),
        element("ul", { class: "rows" }, scenarios.map((one) => element("li", {},
          element("label", { class: "check" },
            element("input", { type: "checkbox", checked: one.active, onchange: ({ target }) => toggle(one.name, target.checked) }),
            element("span", {}, element("strong", {}, one.name), one.summary && element("span", { class: "soft block" }, one.summary))),
          element("span", { class: "soft number" }, one.calls ? `${one.calls}×` : "", ` line ${one.line}`)))))),
      files.length > 0 && element("div", { class: "buttons" },
        element("button", { type: "button", onclick: () => set({ reload: true }) }, "Read anew"),
        element("button", { type: "button", onclick: () => set({ active: null }) }, "All on"),
        element("button", { type: "button", onclick: () => set({ active: [] }) }, "All off")));
  }

  async _next(state = null) {
    const { orders } = state ?? (await ask("GET", "next"));
    const form = orderForm({
      operations: await this._contract.operations,
      order: (body) => attempt(async () => this._next(await ask("POST", "next", { body }))),
    });
    show(this._cards.next,
      orders.length > 0 ? element("ul", { class: "rows" }, orders.map((order) => element("li", {}, element("code", {}, JSON.stringify(order)))))
        : element("p", { class: "soft" }, "None is ordered: requests get their usual answers."),
      orders.length > 0 && element("div", { class: "buttons" }, element("button", { type: "button", onclick: () => attempt(async () => { await ask("DELETE", "next"); await this._next(); }) }, "Cancel all")),
      element("details", { open: orders.length === 0 }, element("summary", {}, "Order an answer"), form));
  }

  async _verdict() {
    const { ok, items } = await ask("GET", "verdict");
    show(this._cards.verdict,
      items.length === 0 ? element("p", { class: "soft" }, "What your app does after each fault is told here, once one has befallen it.")
        : element("p", {}, ok ? "The client did well after every fault." : "The client did not do well after every fault."),
      items.length > 0 && element("ul", { class: "rows" }, items.slice(0, 50).map((item) => element("li", {},
        element("div", {}, element("a", { href: `#/exchanges/${item.exchange}` }, item.fault), element("p", { class: "soft" }, item.message)),
        element("span", { class: `chip ${item.ok ? "good" : "bad"}` }, item.outcome)))));
  }

  async _page() {
    const facts = await this._contract.facts;
    const own = element("input", { value: credential(), autocomplete: "off", spellcheck: "false" });
    own.addEventListener("change", () => keepCredential(own.value));
    const token = element("input", { type: "password", autocomplete: "off", placeholder: "only with --control-token" });
    token.addEventListener("change", () => { keepToken(token.value); location.reload(); });
    const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];
    show(this._cards.page,
      element("dl", { class: "fields" }, fact("document", facts.document), fact("base URL", facts.base_url), facts.troth && fact("troth", facts.troth), fact("process", String(facts.pid))),
      facts.faults_in_document.length > 0 && element("details", {}, element("summary", {}, `${facts.faults_in_document.length} faults in the document`),
        element("ul", {}, facts.faults_in_document.map((text) => element("li", {}, text)))),
      labelled("Credential of the requests that this page sends", own, "Where a secret was taken out of a request, this takes its place."),
      labelled("Control token", token),
      element("div", { class: "buttons" }, element("button", { class: "bad", type: "button", onclick: () => attempt(async () => { await ask("POST", "reset"); await this.open(); }, "The mock is as it was when it started.") }, "Reset the mock")));
  }
}

function card(title) {
  return element("section", { class: "card", "aria-label": title }, element("h2", {}, title), element("div", { class: "panel" }));
}

function show(place, ...content) {
  fill(place.lastChild, content);
}
