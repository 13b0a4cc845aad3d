// A small chat app: a conversation, an answer that streams, and what is done when that fails.

import { complete, Failure } from "./completion.js";
import { render } from "./markdown.js";

const api = new URLSearchParams(location.search).get("api") ?? "http://127.0.0.1:8000/v1";
const MOST_TRIES = 3;
const [list, form, text, send, stop] = ["messages", "ask", "text", "send", "stop"]
  .map((id) => document.getElementById(id));
let messages = [];
let abort = null;

document.getElementById("where").textContent = api;
document.getElementById("anew").addEventListener("click", () => {
  abort?.abort();
  messages = [];
  list.replaceChildren();
  text.focus();
});
stop.addEventListener("click", () => abort?.abort());
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const content = text.value.trim();
  if (!content || abort) return;
  text.value = "";
  messages.push({ role: "user", content });
  show("user", content);
  answer();
});

/** Get an answer to the conversation as it is, and show it as it comes. */
async function answer() {
  const shown = show("assistant");
  const asked = messages;
  abort = new AbortController();
  busy(true, shown);
  try {
    const whole = await persist(shown, asked);
    asked.push({ role: "assistant", content: whole });
  } catch (fault) {
    tell(shown, fault);
  } finally {
    abort = null;
    busy(false, shown);
    text.focus();
  }
}

/** Try until the answer is whole, and wait in between as long as the server asks. */
async function persist(shown, asked) {
  for (let tried = 1; ; tried += 1) {
    let came = "";
    try {
      return await complete(api, asked, {
        signal: abort.signal,
        came: (piece) => draw(shown, (came += piece)),
      });
    } catch (fault) {
      const wait = fault instanceof Failure && !fault.text ? fault.wait : null;
      if (wait === null || tried >= MOST_TRIES) throw fault;
      note(shown, `${fault.message} Trying again …`);
      await pause(wait);
    }
  }
}

function pause(seconds) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    abort.signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(abort.signal.reason);
    });
  });
}

function draw(shown, content) {
  const below = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  shown.replaceChildren(...render(content));
  if (below) list.scrollTop = list.scrollHeight;
}

function note(shown, sentence) {
  const line = document.createElement("p");
  line.className = "note";
  line.textContent = sentence;
  shown.replaceChildren(line);
}

/** Say why there is no whole answer, and offer to try again. */
function tell(shown, fault) {
  const line = document.createElement("p");
  const isStopped = fault.name === "AbortError";
  line.className = isStopped ? "note" : "note wrong";
  line.textContent = isStopped ? "Stopped." : fault.message;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => {
    if (abort) return;
    shown.remove();
    answer();
  });
  if (!(fault instanceof Failure && fault.text) && !isStopped) shown.replaceChildren();
  line.append(" ", again);
  shown.append(line);
}

function show(role, content = "") {
  const shown = document.createElement("article");
  shown.className = role;
  shown.textContent = content;
  list.append(shown);
  list.scrollTop = list.scrollHeight;
  return shown;
}

function busy(is, shown) {
  shown.setAttribute("aria-busy", String(is));
  send.hidden = is;
  stop.hidden = !is;
}
