// One exchange, with all that is known of it.

import { ask } from "./api.js";
import { element, fill } from "./dom.js";
import { bytes, clock, counted, seconds, severityOf } from "./format.js";
import { bodyView, fieldsView, messageView } from "./message_view.js";
import { attempt, copy } from "./notice.js";
import { StreamView } from "./stream_view.js";
import { tabs } from "./tabs.js";
import { outcomeChip } from "./verdict_view.js";
import { banner, severity } from "./violations.js";
import { Words } from "./words.js";

const ENDS = {
  closed: "closed by the mock, as told", reset: "reset by the mock, as told", stalled: "stalled, as told",
  gone: "its client left before the end", open: "still being answered",
};
const LANGUAGES = [["curl", "curl"], ["python", "Python"], ["javascript", "JavaScript"]];

/** Shows exchanges in *place*, one at a time; `actions(exchange)` gives the buttons beside its name. */
export class ExchangeView {
  constructor(place, { journal, actions, spoken = () => null }) {
    this._place = place;
    this._journal = journal;
    this._actions = actions;
    this._spoken = spoken;
    this._tab = null;
    this.id = null;
    this.exchange = null;
    journal.addEventListener("ended", ({ detail }) => {
      if (detail.exchange.id === this.id) this.open(this.id);
      else if (this._mayBeTried(detail.exchange)) this._again ??= this.open(this.id).finally(() => { this._again = null; });
    });
    journal.addEventListener("step", ({ detail }) => {
      if (detail.exchange === this.id) this._stream?.add({ number: detail.number, ...eventOf(detail) });
    });
  }

  async open(id) {
    const isOther = id !== this.id;
    if (isOther) {
      this._tab = null;
      this._stream = null;
    }
    this.id = id;
    const exchange = await attempt(() => ask("GET", `exchanges/${id}`));
    if (id !== this.id) return;
    if (!exchange) {
      if (isOther) fill(this._place, element("div", { class: "empty" }, element("h2", {}, "This exchange is gone"),
        element("p", {}, "The mock keeps the last ones only.")));
      return;
    }
    this.exchange = exchange;
    this._show(exchange);
    if (isOther) this._place.scrollTop = 0;
  }

  /** Whether *other* may be what the client asked again, of which the verdict knows nothing yet. */
  _mayBeTried(other) {
    const { verdict: item, method, target } = this.exchange ?? {};
    return item?.outcome === "gave-up" && other.method === method && other.target === target;
  }

  close() {
    this.id = null;
    this.exchange = null;
    this._stream = null;
  }

  copyCurl() {
    return attempt(async () => copy(await this._code("curl"), "curl command"));
  }

  _show(exchange) {
    const violations = exchange.violations_of_request;
    const answer = exchange.response;
    if (answer?.events && this._stream) this._stream.show(answer.events);
    else this._stream = answer?.events ? new StreamView(answer.events) : null;
    const list = [
      { name: "request", label: "Request", show: () => messageView(exchange.request, violations),
        ...(violations.length ? { count: violations.length, severity: violations.some((one) => severity(one) === "bad") ? "bad" : "warn" } : {}) },
      { name: "answer", label: answer?.events ? "Stream" : "Answer", show: () => this._answer(exchange),
        ...(answer?.events ? { count: exchange.events ?? answer.events.length } : {}) },
      { name: "scenario", label: "Scenario", show: () => scenario(exchange),
        ...(exchange.near.length ? { count: exchange.near.length } : {}) },
      { name: "code", label: "Code", show: () => this._codePanel() },
    ];
    const shown = tabs(list, {
      label: "Parts of the exchange", chosen: this._tab ?? (violations.length ? "request" : "answer"),
      change: (name) => { this._tab = name; },
    });
    const open = (violation) => {
      shown.choose("request");
      const at = placeOf(shown.panel, violation.pointer);
      at?.scrollIntoView({ block: "center" });
    };
    fill(this._place,
      element("div", { class: "title" },
        element("h2", { title: exchange.target }, `${exchange.method} `, exchange.target),
        element("div", { class: "buttons" }, this._actions(exchange))),
      facts(exchange), labels(exchange), verdict(exchange.verdict),
      violations.length > 0 && banner(violations, open), shown.bar, shown.panel);
  }

  _answer(exchange) {
    const { response } = exchange;
    if (response === null) return [element("p", { class: "soft" }, exchange.state === "open" ? "No answer yet." : "No answer was sent.")];
    const text = this._spoken(exchange);
    const words = text && new Words(text).show();
    return [
      this._stream ? this._stream.element : bodyView(response.body),
      words && element("details", { open: true }, element("summary", {}, "What the model said"),
        words.element, element("div", { class: "foot" }, words.button)),
      fieldsView(response.fields),
    ];
  }

  _codePanel() {
    const text = element("pre", { class: "code", tabindex: "0" });
    const show = async (button, name) => {
      for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(one === button));
      text.textContent = (await attempt(() => this._code(name))) ?? "";
    };
    const segments = element("div", { class: "segments", role: "group", "aria-label": "Language" },
      LANGUAGES.map(([name, label]) => element("button", { type: "button", onclick: ({ target }) => show(target, name) }, label)));
    show(segments.firstChild, "curl");
    return [
      element("div", { class: "title" }, segments, element("button", { type: "button", onclick: () => copy(text.textContent, "Code") }, "Copy")),
      text,
      element("p", { class: "soft" }, "A secret is the variable TROTH_TOKEN of the environment."),
    ];
  }

  _code(name) {
    return ask("GET", `exchanges/${this.id}/code`, { query: { as: name } });
  }
}

/** An event of the live stream as the journal tells it: its data is what the lines say. */
export function eventOf({ at, text }) {
  const lines = text.split(/\r\n|\n|\r/);
  const named = (name) => lines.filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = named("data");
  return { at, text, event: named("event").at(-1) ?? null, data: data.length ? data.join("\n") : null };
}

export function statusChip(exchange) {
  const { status } = exchange;
  return element("span", { class: `chip status ${severityOf(status)}` }, status === null ? "…" : String(status));
}

function facts(exchange) {
  const fact = (value, words) => value && element("span", {}, element("b", {}, value), words && ` ${words}`);
  return element("div", { class: "facts" },
    statusChip(exchange), fact(seconds(exchange.duration)), fact(clock(exchange.time)),
    fact(bytes(exchange.request_bytes), "in"), fact(bytes(exchange.response_bytes), "out"),
    exchange.events !== null && fact(counted(exchange.events, "event")),
    exchange.operation && exchange.operation !== `${exchange.method} ${exchange.target}` && element("code", {}, exchange.operation),
    exchange.session && fact(exchange.session, "(session)"),
    ENDS[exchange.state] && element("span", { class: "chip warn" }, ENDS[exchange.state]));
}

function labels(exchange) {
  const all = Object.entries(exchange.labels);
  if (!all.length) return null;
  return element("div", { class: "chips" }, all.map(([name, text]) =>
    element("span", { class: `chip ${name === "fault" ? "warn" : name === "near" ? "" : "accent"}` }, `${name}: ${text}`)));
}

function verdict(item) {
  if (!item) return null;
  return element("section", { class: item.ok ? "chips" : "banner warn", "aria-label": "Verdict on the client" },
    element("h3", {}, "Verdict "), outcomeChip(item), element("p", {}, item.message));
}

function scenario(exchange) {
  const { scenario: name, next, record, fault } = exchange.labels;
  const strong = (text) => element("strong", {}, text);
  return [
    element("p", {}, name ? ["Answered by the scenario ", strong(name), "."]
      : next ? "No scenario was asked: this answer was ordered."
        : record ? "No scenario answered: the request was passed on to the server that is recorded."
          : element("span", { class: "soft" }, fault ? "No scenario answered." : "No scenario answered: the answer comes from the document.")),
    fault && element("p", {}, "What went wrong is the fault ", strong(fault), "."),
    exchange.near.length > 0 && element("section", { class: "part" },
      element("h3", {}, "Those that nearly matched"),
      element("ul", { class: "rows" }, exchange.near.map((one) => element("li", {},
        element("div", {}, element("strong", {}, one.scenario), element("p", { class: "soft" }, one.reason)),
        one.place && element("code", { class: "soft" }, one.place))))),
  ];
}

function placeOf(panel, pointer) {
  for (let rest = pointer; ; rest = rest.slice(0, rest.lastIndexOf("/"))) {
    const found = panel.querySelector(`[data-pointer="${CSS.escape(rest)}"]`);
    if (found || !rest) return found;
  }
}
