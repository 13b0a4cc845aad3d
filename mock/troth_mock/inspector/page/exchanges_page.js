// The view "Exchanges": the live list, its filter, and the exchange that is chosen.

import { ask } from "./api.js";
import { composer } from "./composer.js";
import { dialog } from "./dialog.js";
import { element, fill } from "./dom.js";
import { bytes, clock, counted, seconds } from "./format.js";
import { ExchangeView, statusChip } from "./exchange_view.js";
import { attempt, notice } from "./notice.js";
import { contentOf, isFiltered, sendAndSee } from "./sending.js";
import { orderForm } from "./order_form.js";
import { VirtualList } from "./virtual_list.js";

const STATUSES = [["", "Any status"], ["2xx", "2xx"], ["3xx", "3xx"], ["4xx", "4xx"], ["5xx", "5xx"]];
const TYPING = 250;

export class ExchangesPage {
  constructor({ journal, contract }) {
    this._journal = journal;
    this._contract = contract;
    this._pane = element("div", { class: "pane", tabindex: "-1", "aria-label": "The exchange" });
    this._place = element("div", { class: "panel" });
    this._view = new ExchangeView(this._place, {
      journal, actions: (exchange) => this._actions(exchange), spoken: (exchange) => contract.spoken(exchange),
    });
    this._list = new VirtualList({
      label: "Exchanges, newest first", name: "exchanges", draw: row, mark,
      open: (item) => { location.hash = `#/exchanges/${item.id}`; },
    });
    this._empty = element("div", { class: "empty" });
    this._count = element("span", { class: "soft" });
    this.element = element("div", { class: "split" },
      element("div", { class: "side" }, this._bar(), element("div", { class: "side-list" }, this._list.element, this._empty)),
      this._pane);
    fill(this._pane, element("a", { class: "back button", href: "#/exchanges" }, "‹ All exchanges"), this._place);
    journal.addEventListener("change", () => this._show());
    for (const name of ["begun", "ended", "step"])
      journal.addEventListener(name, ({ detail }) => this._list.renew(detail.exchange.id ?? detail.exchange));
    this._nothingChosen();
  }

  /** Show the exchange with the number *id*, or none. */
  open(id) {
    const number = Number(id);
    this.element.classList.toggle("open", Boolean(number));
    if (!number) {
      this._view.close();
      this._list.select(null);
      return this._nothingChosen();
    }
    this._list.select(number);
    this._list.reveal(number);
    // where there is room for one of them only, the list is gone, and the focus with it
    if (!this._list.element.offsetParent) this._pane.focus();
    this._isToReveal = !this._journal.exchanges.length;
    return this._view.open(number);
  }

  key(key) {
    const { exchange } = this._view;
    if (key === "/") this._search.focus();
    else if (key === "j") this._list.move(1);
    else if (key === "k") this._list.move(-1);
    else if (key === "n") this._order();
    else if (exchange && key === "r") this._again(exchange);
    else if (exchange && key === "e") this._edit(exchange);
    else if (exchange && key === "c") this._view.copyCurl();
    else return false;
    return true;
  }

  _bar() {
    this._search = element("input", { type: "search", placeholder: "Search", "aria-label": "Search paths, fields and bodies", "aria-keyshortcuts": "/" });
    this._status = element("select", { "aria-label": "Status" }, STATUSES.map(([value, label]) => element("option", { value }, label)));
    this._operation = element("select", { "aria-label": "Operation" }, element("option", { value: "" }, "Any operation"));
    this._session = element("select", { "aria-label": "Session", hidden: true });
    let typing = null;
    this._search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this._filter(), TYPING);
    });
    for (const one of [this._status, this._operation, this._session]) one.addEventListener("change", () => this._filter());
    this._contract.operations.then((operations) => fill(this._operation,
      element("option", { value: "" }, "Any operation"), operations.map(({ name }) => element("option", { value: name }, name))), () => {});
    return element("div", { class: "bar", role: "search" },
      element("div", {}, this._search, element("button", { type: "button", onclick: () => this._order(), "aria-keyshortcuts": "n" }, "Next answer …")),
      element("div", {}, this._operation, this._status, this._session),
      element("div", { class: "count" }, this._count,
        element("button", { class: "quiet", type: "button", onclick: () => attempt(() => this._journal.forget()) }, "Clear")));
  }

  _filter() {
    this._list.element.scrollTop = 0;
    return attempt(() => this._journal.list({
      text: this._search.value, status: this._status.value, operation: this._operation.value,
      session: this._session.value,
    }));
  }

  // sessions are offered once there are any
  _offerSessions() {
    const { sessions } = this._journal;
    if (!sessions.size || sessions.size === this._session.children.length - 1) return;
    const chosen = this._session.value;
    this._session.hidden = false;
    fill(this._session, element("option", { value: "" }, "Any session"),
      [...sessions].map((name) => element("option", { value: name, selected: name === chosen }, name)));
  }

  _show() {
    const { exchanges, isFiltered } = this._journal;
    this._offerSessions();
    this._list.show(exchanges);
    if (this._isToReveal && exchanges.length) {
      this._isToReveal = false;
      this._list.reveal(this._view.id);
    }
    this._list.element.hidden = !exchanges.length;
    this._empty.hidden = Boolean(exchanges.length);
    this._count.textContent = isFiltered ? `${counted(exchanges.length, "exchange")} found` : counted(exchanges.length, "exchange");
    if (exchanges.length) return;
    fill(this._empty, isFiltered
      ? [element("h2", {}, "Nothing matches"), element("p", {}, "Search for something else, or take the filter away.")]
      : [element("h2", {}, "Nothing has come yet"), element("p", {}, "What your app sends appears here, as it comes.")]);
  }

  async _nothingChosen() {
    const { base_url: base } = await this._contract.facts;
    if (this._view.id !== null) return;
    fill(this._place, element("div", { class: "empty" },
      element("h2", {}, "Point your app at the mock"),
      element("p", { class: "code" }, base),
      element("p", {}, "Then choose an exchange to see what was sent, why it was refused, and what was answered. Or send a request from ",
        element("a", { href: "#/operations" }, "Operations"), "."),
      element("p", {}, "Keys: ", element("kbd", {}, "j"), " ", element("kbd", {}, "k"), " walk the list, ", element("kbd", {}, "/"), " searches, ", element("kbd", {}, "?"), " tells the others.")));
  }

  _actions(exchange) {
    return [
      element("button", { type: "button", "aria-keyshortcuts": "r", onclick: () => this._again(exchange) }, "Send again"),
      element("button", { type: "button", "aria-keyshortcuts": "e", onclick: () => this._edit(exchange) }, "Edit and send"),
    ];
  }

  _again({ request }) {
    if (request.body.cut) return notice("Only the beginning of this body was kept: edit it before you send it.");
    // what else stood there only who asked knows
    if (isFiltered(request.target) || isFiltered(request.body.text)) return this._edit({ request }, "Send again");
    return this._send({ ...request, body: contentOf(request.body) });
  }

  _edit({ request }, title = "Edit and send") {
    const shown = dialog(title, composer(request, {
      send: (edited) => { shown.close(); this._send(edited); },
    }));
  }

  _send(request) {
    return sendAndSee(request, this._journal, (id) => { location.hash = `#/exchanges/${id}`; });
  }

  async _order() {
    const shown = dialog("Answer the next request with …", orderForm({
      operations: await this._contract.operations,
      operation: this._view.exchange?.operation,
      order: async (order) => {
        if (await attempt(() => ask("POST", "next", { body: order }), "The next request gets this answer.")) shown.close();
      },
    }));
  }
}

function mark({ violations, hints, labels }) {
  if (labels.fault) return "faulty";
  if (violations) return "refused";
  return hints ? "doubtful" : "";
}

function row(exchange) {
  const { reason, labels, hints } = exchange;
  const small = [clock(exchange.time), exchange.events === null ? bytes(exchange.response_bytes) : counted(exchange.events, "event")].join(" · ");
  const label = labels.fault ?? labels.scenario ?? labels.next;
  return [
    statusChip(exchange),
    element("div", { class: "what one" }, element("strong", {}, exchange.method), ` ${exchange.target}`),
    element("div", { class: "when" }, seconds(exchange.duration)),
    element("div", { class: "under" },
      element("span", { class: reason ? "fault one" : "soft one" }, reason ?? small),
      hints > 0 && element("span", { class: "chip warn", title: "Probably misspelt, though it breaks no rule" }, `${counted(hints, "member")} misspelt?`),
      label && element("span", { class: `chip ${labels.fault ? "warn" : "accent"}` }, label)),
  ];
}
