// The view "Chat": a conversation with an operation that the document marks as a chat model's.

import { ask } from "./api.js";
import { conversation, joined, parsed, said } from "./chat_places.js";
import { element, everyFrame, fill, labelled } from "./dom.js";
import { counted, seconds } from "./format.js";
import { attempt } from "./notice.js";
import { at } from "./pointer.js";
import { send } from "./sending.js";
import { readEvents } from "./sse.js";
import { Words } from "./words.js";

export class ChatPage {
  constructor({ journal, contract }) {
    this._journal = journal;
    this._contract = contract;
    this._turns = [];
    this._talk = element("div", { class: "talk", role: "log", "aria-label": "Conversation", tabindex: "0" });
    this.element = element("div", { class: "chat" });
    this._writing = null;
  }

  async open() {
    if (this._operation) return;
    const operations = await this._contract.operations;
    const chats = operations.filter(({ chat }) => chat);
    if (!chats.length) {
      fill(this.element, element("div", { class: "empty" }, element("h2", {}, "No chat here"),
        element("p", {}, "The document marks no operation as a chat completion (x-troth-completion).")));
      return;
    }
    this._layOut(chats);
    await this._choose(chats[0]);
  }

  key(key) {
    if (key !== "/") return false;
    this._text?.focus();
    return true;
  }

  _layOut(chats) {
    const which = element("select", { onchange: ({ target }) => attempt(() => this._choose(chats[target.selectedIndex])) },
      chats.map(({ name }) => element("option", {}, name)));
    this._model = element("input", { spellcheck: "false" });
    this._system = element("input", { placeholder: "none" });
    this._streams = element("input", { type: "checkbox", checked: true });
    this._text = element("textarea", { rows: "1", placeholder: "Say something", "aria-label": "Message", enterkeyhint: "send" });
    this._text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this._form.requestSubmit();
    });
    this._button = element("button", { class: "main", type: "submit" }, "Send");
    this._form = element("form", { onsubmit: (event) => { event.preventDefault(); this._submit(); } }, this._text, this._button);
    fill(this.element,
      element("div", { class: "bar" },
        chats.length > 1 && labelled("Operation", which), labelled("Model", this._model), labelled("System message", this._system),
        element("label", { class: "check" }, this._streams, " Stream"),
        element("button", { class: "quiet", type: "button", onclick: () => this._forget() }, "New conversation")),
      this._talk, this._form);
    this._forget();
  }

  async _choose(operation) {
    this._operation = operation;
    // of many operations the mock makes a request only when it is asked for
    if (!operation.request) {
      const { operations } = await ask("GET", "operations", { query: { operation: operation.name } });
      operation.request = operations[0]?.request ?? { method: operation.method, target: operation.path, fields: [] };
    }
    const { chat } = operation;
    this._system.parentElement.hidden = !chat.instructions;
    this._model.value = (chat.model && at(chat.whole, chat.model)) ?? "";
    this._streams.disabled = !chat.streamed;
    this._streams.checked = Boolean(chat.streamed);
  }

  _forget() {
    this._writing?.abort();
    this._turns = [];
    fill(this._talk, element("div", { class: "empty" }, element("h2", {}, "Talk to the mock"),
      element("p", {}, "Every message is a request as your app would send it: pace, faults and scenarios apply.")));
  }

  async _submit() {
    if (this._writing) return this._writing.abort();
    const text = this._text.value.trim();
    if (!text) return undefined;
    this._text.value = "";
    if (!this._turns.length) fill(this._talk);
    this._turns.push(["user", text]);
    this._talk.append(element("div", { class: "said user" }, element("div", { class: "words", dir: "auto" }, text)));
    this._writing = new AbortController();
    this._button.textContent = "Stop";
    try {
      await this._answer(this._writing.signal);
    } finally {
      this._writing = null;
      this._button.textContent = "Send";
      this._text.focus();
    }
    return undefined;
  }

  async _answer(signal) {
    const shown = new Answer(this._talk);
    const { chat, request } = this._operation;
    const system = this._system.value.trim();
    const turns = [...(system && chat.instructions ? [[chat.instructions, system]] : []), ...this._turns];
    const streamed = this._streams.checked && Boolean(chat.streamed);
    const body = conversation(chat, { turns, model: this._model.value, streamed });
    this._journal.next(request.method, request.target, (id) => shown.lead(id));
    const response = await send({ ...request, body: JSON.stringify(body) }, { signal });
    try {
      if (response === null) shown.fail("The connection broke before an answer came.");
      else if (!response.ok) shown.fail(await refusal(response));
      else if (streamed && response.headers.get("content-type")?.includes("event-stream"))
        await readEvents(response, ({ data }) => shown.take(said(chat.chunk, parsed(data) ?? {})));
      else shown.take(said(chat.answer, await response.json()));
    } catch (fault) {
      shown.fail(signal.aborted ? "Stopped." : `The answer broke off: ${fault.message}.`);
    }
    if (shown.text) this._turns.push(["assistant", shown.text]);
    shown.end();
  }
}

async function refusal(response) {
  const text = await response.text().catch(() => "");
  const { message } = parsed(text)?.error ?? {};
  return `${response.status}: ${message ?? text.slice(0, 400)}`;
}

/** An answer as it comes. */
class Answer {
  constructor(talk) {
    this._talk = talk;
    this._pieces = 0;
    this._began = performance.now();
    this._first = null;
    this._finish = null;
    this._refused = false;
    this._calls = [];
    this._thought = null;
    this._words = new Words();
    this._soon = everyFrame(() => this._write());
    this._foot = element("div", { class: "foot" });
    this._link = null;
    this._shown = element("div", { class: "said writing" }, this._words.element, this._foot);
    talk.append(this._shown);
    talk.scrollTop = talk.scrollHeight;
  }

  take({ text, reasoning, refusal, calls, finish }) {
    this._finish = finish ?? this._finish;
    this._calls = joined(this._calls, calls);
    if (!text && !reasoning && !refusal) return;
    this._first ??= performance.now();
    this._pieces += 1;
    this._words.text += text + refusal;
    this._refused ||= Boolean(refusal);
    const follow = this._following();
    if (reasoning && !this._thought) {
      this._thought = element("div", { class: "words thought", dir: "auto" });
      this._words.element.before(this._thought);
    }
    if (reasoning) this._thought.append(reasoning);
    this._soon();
    follow();
  }

  get text() {
    return this._words.text;
  }

  _write() {
    const follow = this._following();
    this._words.show(this._calls.length && this._isEnded ? element("pre", {}, JSON.stringify(this._calls, null, 2)) : null);
    follow();
  }

  // whoever has scrolled back to read is left there
  _following() {
    const { scrollTop, scrollHeight, clientHeight } = this._talk;
    const isAtEnd = scrollTop + clientHeight > scrollHeight - 40;
    return () => { if (isAtEnd) this._talk.scrollTop = this._talk.scrollHeight; };
  }

  lead(id) {
    const follow = this._following();
    this._link = element("a", { href: `#/exchanges/${id}` }, "Exchange");
    this._foot.append(this._link);
    follow();
  }

  fail(message) {
    this._shown.classList.add("fault");
    this._shown.insertBefore(element("div", { class: "words", role: "alert" }, message), this._foot);
    if (!this.text) this._words.element.remove();
  }

  end() {
    const follow = this._following();
    this._shown.classList.remove("writing");
    this._isEnded = true;
    if (this.text || this._calls.length) this._write();
    const now = performance.now();
    const since = (this._first ?? now) - this._began;
    const rate = this._pieces > 1 && now > this._first + 50 ? (this._pieces - 1) / ((now - this._first) / 1000) : null;
    fill(this._foot,
      this.text && element("span", {}, `${seconds(since / 1000)} to the first piece`),
      this._pieces > 1 && element("span", {}, counted(this._pieces, "piece")),
      rate && element("span", {}, `${rate.toFixed(0)}/s`),
      this._finish && element("span", {}, this._finish),
      this._refused && element("span", {}, "refusal"),
      this.text && this._words.button,
      this._link);
    follow();
  }
}
