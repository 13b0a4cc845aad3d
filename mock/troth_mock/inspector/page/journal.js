// The exchanges as the page knows them: newest first, bounded, kept up to date by what happens.

import { ask } from "./api.js";
import { everyFrame } from "./dom.js";

const MOST = 1000;
const REVIEW = 1000;

export class Journal extends EventTarget {
  constructor() {
    super();
    this.exchanges = [];
    this.filter = {};
    this.isFull = false;
    this._places = new Map();
    this._reviewing = null;
    this._told = everyFrame(() => this.dispatchEvent(new Event("change")));
  }

  get isFiltered() {
    return Object.values(this.filter).some(Boolean);
  }

  /** List the exchanges anew, under another *filter* where one is given. */
  async list(filter = this.filter) {
    this.filter = filter;
    const { exchanges } = await ask("GET", "exchanges", { query: { limit: MOST, ...filter } });
    if (filter !== this.filter) return;
    this._places = new Map(exchanges.map((one) => [one.id, one]));
    this.exchanges = exchanges;
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

  /** The next exchange with this *method* and *target*: what this page has just sent. */
  next(method, target) {
    const newest = this._newest ?? 0;
    return new Promise((resolve) => {
      const look = ({ detail: { exchange } }) => {
        if (exchange.id <= newest || exchange.method !== method || exchange.target !== target) return;
        this.removeEventListener("begun", look);
        resolve(exchange.id);
      };
      this.addEventListener("begun", look);
    });
  }

  _put(exchange, name) {
    if (this.isFiltered) this._review();
    else if (this._places.has(exchange.id)) Object.assign(this._places.get(exchange.id), exchange);
    else {
      this._places.set(exchange.id, exchange);
      this.exchanges = [exchange, ...this.exchanges.slice(0, MOST - 1)];
      if (this._places.size > 2 * MOST)
        this._places = new Map(this.exchanges.map((one) => [one.id, one]));
    }
    this._say(name, { exchange });
    this._newest = Math.max(this._newest ?? 0, exchange.id);
    this._told();
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
