// Where the parts of a conversation stand, as the document says it (`x-troth-completion`, and for the
// chunks of a stream `x-troth-assembly`): no member's name is known here.

import { at, withAt } from "./pointer.js";

/** The body of a request with *turns* (`[role, text]`), that streams or does not. */
export function conversation(chat, { turns, model, streamed }) {
  const { role, content } = chat.message;
  const messages = turns.map(([who, text]) => withAt(withAt({}, role, who), content, text));
  const body = withAt(streamed ? chat.streamed : chat.whole, chat.messages, messages);
  return chat.model && model ? withAt(body, chat.model, model) : body;
}

/** What a chunk of a stream, or with `answer` for *places* a whole answer, adds: `{text, reasoning, refusal, calls, finish}`. */
export function said(places, value) {
  const choices = at(value, places.choices);
  const choice = Array.isArray(choices) ? choices[0] : choices;
  const part = (name) => (places[name] ? at(choice, places[name]) ?? null : null);
  return {
    text: part("content") ?? "", reasoning: part("reasoning") ?? "", refusal: part("refusal") ?? "",
    calls: part("tool_calls") ?? [], finish: part("finish_reason"),
  };
}

/** *calls* with *more* of them: parts of one have the same number, and its texts are joined. */
export function joined(calls, more) {
  const all = [...calls];
  more.forEach((part) => {
    const number = Object.values(part).find(Number.isInteger) ?? all.length;
    all[number] = merged(all[number], part);
  });
  return all;
}

function merged(one, other) {
  if (typeof one === "string" && typeof other === "string") return one + other;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return other ?? one;
  const both = { ...one };
  for (const [name, value] of Object.entries(other)) both[name] = merged(one[name], value);
  return both;
}

/** The text of a stream's *events*, as a journal has them. */
export function spoken(chat, events) {
  return events.map(({ data }) => parsed(data)).filter((one) => one !== undefined)
    .map((chunk) => said(chat.chunk, chunk).text).join("");
}

/** The value of a JSON text; undefined where it is none, as a sentinel is. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
