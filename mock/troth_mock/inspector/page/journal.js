// The exchanges as the page knows them: newest first, bounded, kept up to date by what happens.

import { ask } from "./api.js";
import { everyFrame } from "./dom.js";

const MOST = 1000;
const REVIEW = 1000;
const SOON = 5000;
const MOST_SESSIONS = 50;

export class Journal extends EventTarget {
  constructor() {
    super();
    this.exchanges = [];
    this.filter = {};
    /** The names of the sessions that were seen, the first of them. */
    this.sessions = new Set();
    this._places = new Map();
    this._late = null;
    this._reviewing = null;
    this._told = everyFrame(() => this.dispatchEvent(new Event("change")));
  }

  get isFiltered() {
    return Object.values(this.filter).some(Boolean);
  }

  /** List the exchanges anew, under another *filter* where one is given. */
  async list(filter = this.filter) {
    this.filter = filter;
    // what happens while the list is on its way is newer than the list
    const late = [];
    this._late = late;
    const { exchanges } = await ask("GET", "exchanges", { query: { limit: MOST, ...filter } });
    if (late !== this._late) return;
    this._late = null;
    this._places = new Map(exchanges.map((one) => [one.id, one]));
    this.exchanges = exchanges;
    for (const { session } of exchanges) this._note(session);
    if (!this.isFiltered) {
      // a mock that was started anew counts from one again
      this._newest = Math.max(0, ...exchanges.map(({ id }) => id));
      for (const exchange of late) this._keep(exchange);
    }
    this._told();
  }

  async forget() {
    await ask("DELETE", "exchanges");
    await this.list();
  }

  /** Take an event of the API: its *name*, and what it says. */
  take(name, said) {
    if (name === "begun") this._put(said, "begun");
    else if (name === "ended") this._put(said, "ended");
    else if (name === "event") this._step(said);
    else if (name === "forgotten" || name === "lost") this.list();
  }

  /** Call `seen(id)` with the next exchange of this *method* and *target*: what this page has just sent. */
  next(method, target, seen) {
    const newest = this._newest ?? 0;
    const look = ({ detail: { exchange } }) => {
      if (exchange.id <= newest || exchange.method !== method || exchange.target !== target) return;
      forget();
      seen(exchange.id);
    };
    // what is answered at once is told when it has ended, and not before
    const names = ["begun", "ended"];
    const forget = () => names.forEach((name) => this.removeEventListener(name, look));
    names.forEach((name) => this.addEventListener(name, look));
    setTimeout(forget, SOON);
  }

  _note(session) {
    if (session && this.sessions.size < MOST_SESSIONS) this.sessions.add(session);
  }

  _put(exchange, name) {
    this._note(exchange.session);
    this._late?.push(exchange);
    if (this.isFiltered) this._review();
    else this._keep(exchange);
    this._say(name, { exchange });
    this._newest = Math.max(this._newest ?? 0, exchange.id);
    this._told();
  }

  _keep(exchange) {
    const known = this._places.get(exchange.id);
    if (known) {
      Object.assign(known, exchange);
      return;
    }
    this._places.set(exchange.id, exchange);
    this.exchanges = [exchange, ...this.exchanges.slice(0, MOST - 1)];
    if (this._places.size > 2 * MOST) this._places = new Map(this.exchanges.map((one) => [one.id, one]));
  }

  _step(step) {
    const exchange = this._places.get(step.exchange);
    if (exchange) exchange.events = step.number + 1;
    this._say("step", step);
    this._told();
  }

  // which exchanges a filter lets through is the server's to say
  _review() {
    this._reviewing ??= setTimeout(() => {
      this._reviewing = null;
      this.list();
    }, REVIEW);
  }

  _say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
