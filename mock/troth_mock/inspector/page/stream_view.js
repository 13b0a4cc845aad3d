// A stream as a timeline: each event a tick where it came, and all of them in a list.

import { element, everyFrame, fill, shape } from "./dom.js";
import { bytes, counted, seconds } from "./format.js";
import { jsonView } from "./json_view.js";
import { VirtualList } from "./virtual_list.js";

const WIDTH = 1000;
const HEIGHT = 64;
// an event that came so many times later than the usual one did
const SLOW = 8;
// so much of an event may repeat the one before it
const LONG = 32;
const MOST = 10_000;

/** Shows the events of one answer; `add(event)` takes the one with its `number` as it comes. */
export class StreamView {
  constructor(events) {
    this._events = [];
    this._chosen = null;
    this._facts = element("p", { class: "facts" });
    this._strip = shape("svg", {
      class: "strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
      "aria-label": "When the events came",
    });
    this._strip.addEventListener("click", (event) => this._nearest(event));
    this._scale = element("div", { class: "scale", "aria-hidden": "true" });
    this._list = new VirtualList({
      label: "Events", name: "events", draw: row, mark: (item) => (isBad(item) ? "bad" : ""), open: (item) => this._open(item),
    });
    this._one = element("div", { class: "part" });
    this.element = element("section", { class: "part", "aria-label": "Stream" },
      this._facts, this._strip, this._scale, this._list.element, this._one);
    this._draw = everyFrame(() => this._place());
    this.show(events);
  }

  /** Show these *events* in place of those that were shown; which one is chosen stays. */
  show(events) {
    this._events = [];
    for (const event of events.slice(0, MOST)) this._take(event);
    this._draw();
  }

  add(event) {
    // one that was listed meanwhile, or before which some are missing, is there when the stream has ended
    if (event.number !== this._events.length || event.number >= MOST) return;
    this._take(event);
    this._draw();
  }

  _take(event) {
    const before = this._events.at(-1);
    const text = event.data ?? event.text.trim();
    this._events.push({
      ...event, id: this._events.length, gap: event.at - (before?.at ?? 0), said: text, news: newsOf(text, before?.said),
    });
  }

  _place() {
    const events = this._events;
    const usual = median(events.slice(1).map((one) => one.gap));
    for (const one of events) one.isSlow = one.id > 0 && one.gap > Math.max(SLOW * usual, 0.05);
    const end = Math.max(events.at(-1)?.at ?? 0, 1e-6);
    const first = events[0]?.at ?? 0;
    const most = Math.max(...events.map((one) => one.text.length), 1);
    const ticks = { tick: "", bad: "" };
    for (const one of events) {
      const height = 10 + (HEIGHT - 18) * (one.text.length / most);
      ticks[isBad(one) ? "bad" : "tick"] += `M${(one.at / end) * (WIDTH - 8) + 4} ${HEIGHT}v-${height.toFixed(1)}`;
    }
    fill(this._strip, Object.entries(ticks).map(([name, d]) => shape("path", {
      class: name, d, "vector-effect": "non-scaling-stroke", "stroke-width": events.length > 300 ? 1 : 2,
    })), this._marker(end));
    fill(this._scale, element("span", {}, "0"), element("span", {}, seconds(end / 2)), element("span", {}, seconds(end)));
    const size = events.reduce((sum, one) => sum + one.text.length, 0);
    const rate = events.length > 1 && end > first ? (events.length - 1) / (end - first) : null;
    fill(this._facts,
      fact(counted(events.length, "event"), ""), fact(bytes(size), ""), fact(seconds(first), "to the first"),
      rate !== null && rate < 1e4 && fact(`${rate.toFixed(rate < 10 ? 1 : 0)}/s`, "then"),
      events.length > 1 && (end > first
        ? fact(seconds(Math.max(...events.slice(1).map((one) => one.gap))), "longest pause")
        : element("span", {}, "all at once")));
    this._list.element.style.setProperty("--count", events.length);
    this._list.show(events);
  }

  _marker(end) {
    if (this._chosen === null) return null;
    const x = (this._events[this._chosen].at / end) * (WIDTH - 8) + 4;
    return shape("path", { class: "chosen", d: `M${x} 0V${HEIGHT}`, "vector-effect": "non-scaling-stroke", "stroke-width": 2 });
  }

  _nearest(event) {
    const { left, width } = this._strip.getBoundingClientRect();
    const end = this._events.at(-1)?.at ?? 0;
    const at = ((event.clientX - left) / width) * end;
    const nearest = this._events.reduce((best, one) =>
      Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best, this._events[0]);
    if (nearest) this._list.choose(nearest);
  }

  _open(item) {
    this._chosen = item.id;
    this._draw();
    fill(this._one,
      element("div", { class: "top" }, element("h3", {}, `Event ${item.id + 1}`),
        element("span", { class: "soft" }, `after ${seconds(item.at)}`),
        item.event && element("span", { class: "chip" }, item.event)),
      jsonView(item.data ?? item.text, { label: `Event ${item.id + 1}` }));
  }
}

function row(item) {
  return [
    element("span", {}, String(item.id + 1)),
    element("span", {}, seconds(item.at)),
    element("span", { class: item.isSlow ? "slow" : "" }, `+${seconds(item.gap)}`),
    element("span", { class: "one" }, item.event && element("span", { class: "chip" }, item.event), item.event && " ", item.news),
  ];
}

// where an event repeats what the one before it began with, only what is new is worth the line
function newsOf(text, before = "") {
  let same = 0;
  while (same < text.length && text[same] === before[same]) same += 1;
  const start = Math.max(text.lastIndexOf("{", same), text.lastIndexOf("[", same), text.lastIndexOf(",", same) + 1);
  return same < LONG || start < LONG / 2 ? text : `… ${text.slice(start).trim()}`;
}

function isBad(item) {
  return item.event === "error" || (item.data === null && !item.text.startsWith(":"));
}

function fact(value, words) {
  return element("span", {}, element("b", {}, value), words && ` ${words}`);
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
