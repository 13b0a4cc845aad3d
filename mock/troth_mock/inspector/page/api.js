// The control API below /_troth/api/, as spec/control.yaml describes it.

import { readEvents } from "./sse.js";

const BASE = new URL("../api/", import.meta.url).pathname;
const TOKEN = "troth-control-token";
const LONGEST_WAIT = 8000;

/** What the API answered in place of what was asked for. */
export class Refusal extends Error {
  constructor(status, said) {
    super(said?.error?.message ?? `the mock answered ${status}`);
    this.status = status;
  }
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** Ask the API: JSON in, JSON (or text, or nothing) out. */
export async function ask(method, path, { query = {}, body } = {}) {
  const response = await request(method, path, { query, body });
  if (response.status === 204) return null;
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  return isJson ? response.json() : response.text();
}

/**
 * Take what happens until *signal* says stop: `take(name, value)` for each event, `state(text)` when
 * the connection comes (null) or goes.  A connection that breaks is made anew from where it ended.
 */
export async function follow({ take, state, signal }) {
  let last = null;
  for (let wait = 250; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      const fields = last === null ? {} : { "Last-Event-ID": last };
      const response = await request("GET", "../events", { fields, signal });
      state(null);
      wait = 250;
      await readEvents(response, ({ event, data, id }) => {
        last = id;
        take(event, JSON.parse(data));
      });
    } catch (fault) {
      if (signal.aborted) return;
      state(fault);
      // it is asked for, and then the page begins anew
      if (fault.status === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function request(method, path, { query = {}, body, fields = {}, signal }) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  const headers = { ...fields };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(url, {
    method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  if (response.status === 401) dispatchEvent(new CustomEvent("troth-token-needed"));
  throw new Refusal(response.status, said);
}
