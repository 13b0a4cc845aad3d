// Requests that this page sends to the mock as an app would.

import { notice } from "./notice.js";

const CREDENTIAL = "troth-credential";
/** What stands in a secret's place in everything that the mock shows. */
const MARK = "[Filtered]";
// what only the browser itself may write (Fetch, "forbidden request-header"), or what is its to choose
const BROWSERS_OWN = /^(accept-(charset|encoding)|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via|user-agent|proxy-.*|sec-.*)$/i;

export function credential() {
  return sessionStorage.getItem(CREDENTIAL) ?? "any";
}

export function keepCredential(value) {
  sessionStorage.setItem(CREDENTIAL, value);
}

/** Whether a secret stood in *text*, which the mock does not keep. */
export function isFiltered(text) {
  return text?.includes(MARK) ?? false;
}

/** What is to be known of a request that begins with a secret's place; null where there is none. */
export function aboutSecrets(...texts) {
  if (!texts.some(isFiltered)) return null;
  return `${MARK} stands for a secret, which is not kept: “${credential()}” is sent there (see Switches), unless you write over it.`;
}

/** The header fields of a request that a page can send, and is worth sending. */
export function ownFields(fields) {
  return fields.filter(({ name }) => !BROWSERS_OWN.test(name));
}

/** Send a request, and return the response, or null where the connection broke; then that is said. */
export async function send({ method, target, fields, body }, { signal } = {}) {
  const headers = new Headers();
  try {
    for (const { name, value } of ownFields(fields))
      headers.append(name, value.replaceAll(MARK, credential()));
    target = target.replaceAll(MARK, encodeURIComponent(credential()));
    if (typeof body === "string") body = body.replaceAll(MARK, credential());
    return await fetch(target, { method, headers, body, signal, cache: "no-store", redirect: "manual" });
  } catch (fault) {
    if (!signal?.aborted) notice(`No answer: ${fault.message}.`);
    return null;
  }
}

/** The bytes, or the text, that a body of the API stands for; undefined for none. */
export function contentOf(body) {
  if (!body.size) return undefined;
  return body.text ?? Uint8Array.from(atob(body.base64), (one) => one.charCodeAt(0));
}

/** Send *request*, and call `seen(id)` with the exchange in the journal that comes of it. */
export async function sendAndSee(request, journal, seen) {
  journal.next(request.method, request.target, seen);
  const response = await send(request);
  // a stream that nobody reads would wait
  await response?.text().catch(() => null);
}
