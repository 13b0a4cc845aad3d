// The view "Switches": how fast answers come, what goes wrong with them, which scenarios answer.

import { ask, keepToken } from "./api.js";
import { element, fill, labelled } from "./dom.js";
import { counted } from "./format.js";
import { attempt } from "./notice.js";
import { orderForm } from "./order_form.js";
import { credential, keepCredential } from "./sending.js";
import { FAULTS, PACES, suggesting } from "./suggestions.js";
import { outcomeChip, summary } from "./verdict_view.js";

const MOST_VERDICTS = 50;
/** So many milliseconds after a request the counts and the verdict are looked at anew. */
const SOON = 300;

export class SwitchesPage {
  constructor({ contract }) {
    this._contract = contract;
    this._cards = [
      new Card("Pace", "pace", (state, set) => this._pace(state, set), (set) => figures(set)),
      new Card("Faults", "faults", faultList, faultForm),
      new Card("Scenarios", "scenarios", scenarioList),
      new Card("Next answers", "next", (state, _, card) => orderList(state, card), (_, card) => this._orders(card)),
      new Card("Verdict on the client", "verdict", verdictList),
    ];
    this._page = element("section", { class: "card", "aria-label": "This page and the mock" });
    this.element = element("div", { class: "cards", tabindex: "-1" },
      element("div", { class: "columns" }, this._cards.map((one) => one.element), this._page));
  }

  /** Show all switches as they are now. */
  open() {
    return attempt(() => Promise.all([...this._cards.map((one) => one.look()), this._facts()]));
  }

  /** A request was answered: scenarios have been given, and a client may have asked again. */
  ended() {
    this._looking ??= setTimeout(() => {
      this._looking = null;
      this.open();
    }, SOON);
  }

  key() {
    return false;
  }

  _pace({ pace, profiles = [] }, set) {
    const names = ["off", ...profiles.filter((one) => one !== "off")];
    return [
      element("p", { class: "soft" }, "How fast streams run: a profile, or figures of your own."),
      element("div", { class: "buttons", role: "group", "aria-label": "Pace" }, names.map((name) =>
        element("button", { type: "button", "aria-pressed": String(name === pace), onclick: () => set({ pace: name }) }, name))),
      !names.includes(pace) && element("p", {}, "Now: ", element("code", {}, pace)),
    ];
  }

  _orders(card) {
    const place = element("div");
    this._contract.operations.then((operations) => fill(place, orderForm({
      operations, order: (body) => card.tell("POST", body),
    })), () => {});
    return element("details", {}, element("summary", {}, "Order an answer"), place);
  }

  async _facts() {
    if (this._page.firstChild) return;
    const facts = await this._contract.facts;
    const own = element("input", { value: credential(), autocomplete: "off", spellcheck: "false" });
    own.addEventListener("change", () => keepCredential(own.value));
    const token = element("input", { type: "password", autocomplete: "off", placeholder: "only with --control-token" });
    token.addEventListener("change", () => { keepToken(token.value); location.reload(); });
    const reset = () => attempt(async () => { await ask("POST", "reset"); await this.open(); }, "The mock is as it was when it started.");
    const fact = (name, value) => value && [element("dt", {}, name), element("dd", {}, value)];
    fill(this._page, element("h2", {}, "This page and the mock"),
      element("dl", { class: "fields" }, fact("document", facts.document), fact("base URL", facts.base_url), fact("troth", facts.troth), fact("process", String(facts.pid))),
      facts.faults_in_document.length > 0 && element("details", {}, element("summary", {}, counted(facts.faults_in_document.length, "fault") + " in the document"),
        element("ul", {}, facts.faults_in_document.map((text) => element("li", {}, text)))),
      labelled("Credential of the requests that this page sends", own, "Where a secret was taken out of a request, this takes its place."),
      labelled("Control token", token),
      element("div", { class: "buttons" }, element("button", { class: "bad", type: "button", onclick: reset }, "Reset the mock")));
  }
}

/** A part of the API with a state: `show(state, set)` draws it when it is another, `form(set)` once. */
class Card {
  constructor(title, path, show, form = () => null) {
    this._path = path;
    this._show = show;
    this._place = element("div", { class: "panel" });
    this._set = (body) => this.tell("PUT", body);
    this.element = element("section", { class: "card", "aria-label": title },
      element("h2", {}, title), this._place, form(this._set, this));
  }

  async look() {
    this._draw(await ask("GET", this._path));
  }

  /** Change the state; what the API refuses is said, and nothing changes. */
  tell(method, body) {
    return attempt(async () => {
      const state = await ask(method, this._path, { body });
      if (state === null) await this.look();
      else this._draw(state);
      return true;
    });
  }

  _draw(state) {
    const isSame = JSON.stringify(state) === JSON.stringify(this.state);
    this.state = state;
    if (isSame) return;
    fill(this._place, this._show(state, this._set, this));
  }
}

function figures(set) {
  const own = element("input", { spellcheck: "false", class: "mono", placeholder: "ttft=0.5 tokens-per-second=40" });
  return element("form", { class: "beside", onsubmit: (event) => { event.preventDefault(); set({ pace: own.value.trim() }); } },
    labelled("In figures", suggesting(own, PACES)), element("button", { type: "submit" }, "Set"));
}

function faultList({ faults }, set) {
  const row = (text, place) => element("li", {}, element("code", {}, text),
    element("button", { class: "quiet", type: "button", "aria-label": `Take away ${text}`, onclick: () => set({ faults: faults.filter((_, other) => other !== place) }) }, "Take away"));
  return [
    element("p", { class: "soft" }, "What goes wrong with answers, until it is taken away. The words are those of ", element("code", {}, "--fail"), "."),
    faults.length > 0 ? element("ul", { class: "rows" }, faults.map(row)) : element("p", {}, "Nothing goes wrong."),
    faults.length > 1 && element("div", {}, element("button", { class: "quiet", type: "button", onclick: () => set({ faults: [] }) }, "Take all away")),
  ];
}

function faultForm(set, card) {
  const field = element("input", { placeholder: FAULTS[0], spellcheck: "false", class: "mono", "aria-label": "A fault" });
  const add = async (text) => {
    if (!card.state) await card.look();
    const { faults } = card.state;
    if (text && (await set({ faults: [...faults, text] }))) field.value = "";
  };
  return element("div", { class: "panel" },
    element("form", { class: "beside", onsubmit: (event) => { event.preventDefault(); add(field.value.trim()); } },
      suggesting(field, FAULTS), element("button", { type: "submit" }, "Add")),
    element("div", { class: "chips" }, element("span", { class: "soft" }, "Such as"), FAULTS.slice(0, 3).map((text) =>
      element("button", { class: "suggested mono", type: "button", onclick: () => add(text) }, text))));
}

function scenarioList({ files, active }, set) {
  if (!files.length) return element("p", { class: "soft" }, "No scenarios are loaded. Start the mock with --scenario and a file or a folder.");
  const toggle = (name, isOn) => set({ active: isOn ? [...active, name] : active.filter((one) => one !== name) });
  const row = (one) => element("li", {},
    element("label", { class: "check" },
      element("input", { type: "checkbox", checked: one.active, onchange: ({ target }) => toggle(one.name, target.checked) }),
      element("span", {}, element("strong", {}, one.name), one.summary && element("span", { class: "soft block" }, one.summary))),
    element("span", { class: "soft number" }, one.calls > 0 && `${one.calls}× · `, `line ${one.line}`));
  return [
    files.map(({ file, error, scenarios }) => element("section", { class: "part" },
      element("h3", { class: "mono" }, file), error && element("p", { class: "fault", role: "alert" }, error),
      element("ul", { class: "rows" }, scenarios.map(row)))),
    element("div", { class: "buttons" }, [["Read anew", { reload: true }], ["All on", { active: null }], ["All off", { active: [] }]].map(([words, body]) =>
      element("button", { type: "button", onclick: () => set(body) }, words))),
  ];
}

function orderList({ orders }, card) {
  if (!orders.length) return element("p", { class: "soft" }, "None is ordered: requests get their usual answers.");
  return [
    element("ul", { class: "rows" }, orders.map((order) => element("li", {}, element("code", {}, JSON.stringify(order))))),
    element("div", { class: "buttons" }, element("button", { type: "button", onclick: () => card.tell("DELETE") }, "Cancel all")),
  ];
}

function verdictList({ ok, items }) {
  if (!items.length) return element("p", { class: "soft" }, "What your app does after each fault is told here, once one has befallen it.");
  return [
    element("p", {}, summary({ ok, items })),
    element("ul", { class: "rows" }, items.slice(0, MOST_VERDICTS).map((item) => element("li", {},
      element("div", {}, element("a", { href: `#/exchanges/${item.exchange}` }, item.fault), element("p", { class: "soft" }, item.message)),
      outcomeChip(item)))),
  ];
}
