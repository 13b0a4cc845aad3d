// Quantities as people read them.

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false,
});

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${NUMBER.format(count / 1000)} kB` : `${NUMBER.format(count / 1e6)} MB`;
}

export function seconds(value) {
  if (value === null || value === undefined) return "…";
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  return value < 1 ? `${NUMBER.format(value * 1000)} ms` : `${value.toFixed(2)} s`;
}

export function clock(time) {
  return TIME.format(new Date(time));
}

/** counted(1, "event") is "1 event", counted(2, "event") "2 events". */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** How a status is coloured; the number is always beside it. */
export function severityOf(status) {
  if (status === null) return "";
  if (status >= 500) return "bad";
  if (status >= 400) return "warn";
  return status < 300 ? "good" : "";
}
