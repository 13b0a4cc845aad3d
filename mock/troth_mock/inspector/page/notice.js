// A line at the foot of the page that says what was done, or what went wrong; and copying.

import { fill } from "./dom.js";

let hiding = null;

export function notice(text) {
  const place = document.getElementById("notice");
  fill(place, text);
  clearTimeout(hiding);
  hiding = setTimeout(() => fill(place), 4000);
}

/** Do *action*, and say what went wrong if anything did. */
export async function attempt(action, done = null) {
  try {
    const result = await action();
    if (done) notice(done);
    return result;
  } catch (fault) {
    notice(fault.message);
    return undefined;
  }
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notice(`${what} copied.`);
  } catch {
    // a page that came without TLS from another machine may not write there
    notice("This browser does not let the page copy: select the text and copy it yourself.");
  }
}
