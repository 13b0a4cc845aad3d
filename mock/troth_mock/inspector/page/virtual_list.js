// A list of any length that holds only the rows in sight, walked by keyboard.

import { element, everyFrame, fill } from "./dom.js";

const SPARE_ROWS = 4;

/**
 * Items have an `id`; `draw(item)` gives what a row shows, `open(item)` is told what was chosen, and
 * `mark(item)` gives the class of a row that stands out.
 */
export class VirtualList {
  constructor({ label, draw, open, name, mark = () => "" }) {
    this.items = [];
    this.selected = null;
    this._draw = draw;
    this._open = open;
    this._name = name;
    this._mark = mark;
    this._rows = new Map();
    this._stale = new Set();
    this._space = element("div", { class: "space", role: "presentation" });
    this.element = element(
      "div",
      { class: `list ${name}`, role: "listbox", tabindex: "0", "aria-label": label },
      this._space,
    );
    this._refresh = everyFrame(() => this._place());
    this.element.addEventListener("scroll", this._refresh, { passive: true });
    this.element.addEventListener("keydown", (event) => this._key(event));
    this.element.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      const item = row && this.items.find((one) => String(one.id) === row.dataset.id);
      if (item) this.choose(item);
    });
    new ResizeObserver(this._refresh).observe(this.element);
  }

  /** Show other *items*; what is in sight stays where it is, unless the top is in sight. */
  show(items) {
    const height = this._height();
    const first = Math.floor(this.element.scrollTop / height);
    const anchor = first > 0 ? this.items[first] : null;
    this.items = items;
    this._space.style.height = `${items.length * height}px`;
    if (anchor) {
      const place = items.findIndex((item) => item.id === anchor.id);
      if (place > first) this.element.scrollTop += (place - first) * height;
    }
    this._refresh();
  }

  /** Draw a row anew: its item has changed. */
  renew(id) {
    this._stale.add(id);
    this._refresh();
  }

  select(id) {
    const before = this.selected;
    this.selected = id;
    for (const one of [before, id]) if (one !== null) this.renew(one);
  }

  choose(item) {
    this.select(item.id);
    this.reveal(item.id);
    this._open(item);
  }

  reveal(id) {
    const place = this.items.findIndex((item) => item.id === id);
    if (place < 0) return;
    const height = this._height();
    const { scrollTop, clientHeight } = this.element;
    if (place * height < scrollTop) this.element.scrollTop = place * height;
    else if ((place + 1) * height > scrollTop + clientHeight)
      this.element.scrollTop = (place + 1) * height - clientHeight;
  }

  /** Choose the item *step* rows on, or the first if none is chosen. */
  move(step) {
    if (!this.items.length) return;
    const now = this.items.findIndex((item) => item.id === this.selected);
    const next = now < 0 ? 0 : Math.max(0, Math.min(this.items.length - 1, now + step));
    this.choose(this.items[next]);
  }

  _height() {
    return parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 32;
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this._height()) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.items.length,
      End: this.items.length,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(steps[event.key]);
  }

  _place() {
    const height = this._height();
    const { scrollTop, clientHeight } = this.element;
    const from = Math.max(0, Math.floor(scrollTop / height) - SPARE_ROWS);
    const to = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / height) + SPARE_ROWS);
    const kept = new Map();
    for (let place = from; place < to; place += 1) {
      const item = this.items[place];
      const row = this._rows.get(item.id) ?? this._row(item);
      if (this._stale.has(item.id)) this._fill(row, item);
      row.style.transform = `translateY(${place * height}px)`;
      row.setAttribute("aria-posinset", place + 1);
      row.setAttribute("aria-setsize", this.items.length);
      kept.set(item.id, row);
    }
    for (const [id, row] of this._rows) if (!kept.has(id)) row.remove();
    this._rows = kept;
    this._stale.clear();
    this._order([...kept.values()]);
    const chosen = kept.get(this.selected);
    if (chosen) this.element.setAttribute("aria-activedescendant", chosen.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  // who hears the page hears the rows in the order of their elements
  _order(rows) {
    rows.forEach((row, place) => {
      const now = this._space.children[place];
      if (now !== row) this._space.insertBefore(row, now ?? null);
    });
  }

  _row(item) {
    const row = element("div", { role: "option", id: `${this._name}-${item.id}`, "data-id": item.id });
    this._fill(row, item);
    return row;
  }

  // the element stays, or a click that began on it would be lost
  _fill(row, item) {
    row.className = `row ${this._mark(item)}`;
    row.setAttribute("aria-selected", String(item.id === this.selected));
    fill(row, this._draw(item));
  }
}
