// The page: its views, the keys that hold everywhere, and the line to the mock.

import { follow, keepToken } from "./api.js";
import { ChatPage } from "./chat_page.js";
import { Contract } from "./contract.js";
import { dialog } from "./dialog.js";
import { element, fill, labelled } from "./dom.js";
import { ExchangesPage } from "./exchanges_page.js";
import { Journal } from "./journal.js";
import { attempt } from "./notice.js";
import { OperationsPage } from "./operations_page.js";
import { StoredPage } from "./stored_page.js";
import { SwitchesPage } from "./switches_page.js";

const VIEWS = [
  ["exchanges", "Exchanges", ExchangesPage],
  ["operations", "Operations", OperationsPage],
  ["chat", "Chat", ChatPage],
  ["stored", "Stored", StoredPage],
  ["switches", "Switches", SwitchesPage],
];
const KEYS = [
  ["1 – 5", "the views"], ["/", "search"], ["j  k", "the next, and the one before"], ["r", "send the exchange again"],
  ["e", "edit and send it"], ["c", "copy it as curl"], ["n", "answer the next request with …"], ["Escape", "close, or back to the list"],
];
const THEME = "troth-theme";

const parts = { journal: new Journal(), contract: new Contract() };
const views = new Map();
let current = null;

function view(name) {
  if (!views.has(name)) {
    const [, , Page] = VIEWS.find(([one]) => one === name);
    views.set(name, new Page(parts));
  }
  return views.get(name);
}

function route() {
  const [, wanted, ...rest] = location.hash.split("/");
  const [name, label] = VIEWS.find(([one]) => one === wanted) ?? VIEWS[0];
  const shown = view(name);
  if (current !== shown) {
    current = shown;
    fill(document.getElementById("main"), shown.element);
    for (const link of document.getElementById("views").children) {
      if (link.dataset.name === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${label} · troth mock`;
  }
  attempt(() => shown.open(decodeURIComponent(rest.join("/"))));
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") leave(event);
  if (event.target.closest?.("input, textarea, select")) return;
  const place = Number(event.key) - 1;
  if (VIEWS[place]) location.hash = `#/${VIEWS[place][0]}`;
  else if (event.key === "?") help();
  else if (!current.key(event.key)) return;
  event.preventDefault();
}

function leave({ target }) {
  if (target.closest?.("input, textarea, select")) target.blur();
  else if (location.hash.split("/").length > 2) location.hash = location.hash.split("/").slice(0, 2).join("/");
}

function help() {
  dialog("Keys", element("dl", { class: "fields keys" }, KEYS.map(([key, words]) => [
    element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)])));
}

function theme() {
  const chosen = localStorage.getItem(THEME) ?? "system";
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  return element("select", {
    "aria-label": "Colours", class: "theme",
    onchange: ({ target }) => { localStorage.setItem(THEME, target.value); theme(); },
  }, ["system", "light", "dark"].map((name) => element("option", { selected: name === chosen }, name)));
}

function askForToken() {
  if (document.querySelector("dialog[open]")) return;
  const token = element("input", { type: "password", autocomplete: "off" });
  dialog("This mock asks for its control token", element("form", {
    class: "panel", onsubmit: (event) => { event.preventDefault(); keepToken(token.value); location.reload(); },
  }, labelled("What --control-token said", token), element("div", { class: "buttons" }, element("button", { class: "main", type: "submit" }, "Go on"))));
}

function layOut() {
  fill(document.getElementById("views"), VIEWS.map(([name, label]) =>
    element("a", { href: `#/${name}`, "data-name": name }, label)));
  const live = element("span", { class: "chip live" }, "connecting");
  fill(document.getElementById("state"), live, theme(),
    element("button", { class: "quiet", type: "button", "aria-label": "Keys", onclick: help }, "?"));
  return live;
}

async function served() {
  const { title, version } = await parts.contract.facts;
  document.getElementById("served").textContent = `${title} ${version}`;
}

function take(name, said) {
  parts.journal.take(name, said);
  if (current === views.get("switches")) {
    if (name === "switches") current.open();
    if (name === "ended") current.ended();
  }
  if (name === "reloaded") {
    parts.contract.renew();
    served();
  }
}

// a page that is not looked at keeps no line: a browser has few of them for each server
let line = null;
function listen() {
  const isSeen = document.visibilityState === "visible";
  if (isSeen === (line !== null)) return;
  line?.abort();
  line = isSeen ? new AbortController() : null;
  if (line) follow({ take, state, signal: line.signal });
}

function state(fault) {
  live.className = fault ? "chip live bad" : "chip live good";
  live.textContent = fault ? "not connected" : "live";
  live.title = fault ? fault.message : "What happens is shown as it happens.";
  if (!fault) attempt(() => parts.journal.list());
}

const live = layOut();
addEventListener("hashchange", route);
addEventListener("keydown", press);
addEventListener("troth-token-needed", askForToken);
route();
attempt(served);
document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => {
  line?.abort();
  line = null;
});
addEventListener("pageshow", listen);
listen();
