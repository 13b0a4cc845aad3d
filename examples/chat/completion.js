// A chat completion, asked for as a stream: what came, piece by piece, and how it ended.

/** The server refused, or broke off; *wait* says after how many seconds to try again. */
export class Failure extends Error {
  constructor(message, { wait = null, text = "" } = {}) {
    super(message);
    this.wait = wait;
    this.text = text;
  }
}

/** Ask *api* for the answer to *messages*; *came* hears each piece.  The whole text, if it ends. */
export async function complete(api, messages, { came, signal }) {
  let response;
  try {
    response = await fetch(`${api}/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer any" },
      body: JSON.stringify({ model: "any", messages, stream: true }),
      signal,
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Failure("The server cannot be reached.", { wait: 1 });
  }
  if (!response.ok) throw await refusal(response);
  let text = "";
  let ended = false;
  try {
    for await (const data of events(response.body)) {
      ended = data === "[DONE]";
      if (ended) break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Failure(chunk.error.message ?? "The server broke off.", { text });
      const delta = chunk.choices?.[0]?.delta;
      const piece = delta?.content || delta?.refusal || "";
      text += piece;
      if (piece) came(piece);
    }
  } catch (fault) {
    if (fault instanceof Failure || fault.name === "AbortError") throw fault;
    throw new Failure("The answer broke off.", { text });
  }
  // a stream that just ends was cut: only its sentinel says that it is whole
  if (!ended) throw new Failure("The answer broke off.", { text });
  return text;
}

async function refusal(response) {
  const after = Number(response.headers.get("Retry-After"));
  const again = response.status === 429 || response.status >= 500;
  const body = await response.json().catch(() => null);
  const message = body?.error?.message ?? body?.detail ?? response.statusText;
  return new Failure(`${response.status}: ${message}`, { wait: again ? after || 1 : null });
}

/** The data of each server-sent event of *body*. */
async function* events(body) {
  let rest = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}
