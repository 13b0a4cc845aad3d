// Server-sent events from a response.  EventSource can send neither a body nor a header field.

// so many milliseconds of work, and then whatever else the page has to do
const TURN = 8;

/** Call `take({event, data, id})` for each event of *response*, until it ends. */
export async function readEvents(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let began = performance.now();
  let event = { event: "message", data: [], id: null };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    if (performance.now() - began > TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      began = performance.now();
    }
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) take({ ...event, data: event.data.join("\n") });
        event = { event: "message", data: [], id: event.id };
        continue;
      }
      const [, name, content] = /^([^:]*):? ?([^]*)$/.exec(line);
      if (name === "data") event.data.push(content);
      else if (name === "event" || name === "id") event[name] = content;
    }
  }
}
