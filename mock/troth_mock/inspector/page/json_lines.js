// A JSON text in lines, as it was written: numbers, repeated names and their order are kept, which
// reading it into values would lose.

const TOKEN = /\s*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|(-?\d[\d.eE+-]*)|(true|false|null))/y;
const KINDS = [null, "mark", "string", "number", "word"];

/**
 * Lines `{depth, pointer, tokens: [[kind, text]], opens, end}`, or null where *text* is no JSON.
 *
 * A line that opens an object or array that is not empty knows how many members it has (`opens`),
 * and the place of the line that closes it (`end`).
 */
export function jsonLines(text) {
  try {
    JSON.parse(text);
    return laidOut(tokensOf(text));
  } catch {
    // no JSON, or deeper than the stack
    return null;
  }
}

function laidOut(tokens) {
  const lines = [];
  let at = 0;

  function value(depth, pointer, line) {
    const [kind, word] = tokens[at++];
    if (word !== "{" && word !== "[") {
      line.tokens.push([kind, word]);
      return line;
    }
    const closing = word === "{" ? "}" : "]";
    if (tokens[at][1] === closing) {
      at += 1;
      line.tokens.push(["mark", word + closing]);
      return line;
    }
    line.tokens.push(["mark", word]);
    const members = inside(depth + 1, pointer, closing);
    const last = { depth, pointer, tokens: [["mark", closing]], closes: true };
    line.opens = members;
    line.end = lines.length;
    lines.push(last);
    return last;
  }

  function inside(depth, pointer, closing) {
    for (let members = 0; ; ) {
      const line = { depth, tokens: [] };
      let name = members;
      if (closing === "}") {
        const written = tokens[at++][1];
        name = JSON.parse(written);
        at += 1;
        line.tokens.push(["name", written], ["mark", ": "]);
      }
      line.pointer = `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
      lines.push(line);
      const last = value(depth, line.pointer, line);
      members += 1;
      if (tokens[at++][1] === closing) return members;
      last.tokens.push(["mark", ","]);
    }
  }

  const first = { depth: 0, pointer: "", tokens: [] };
  lines.push(first);
  value(0, "", first);
  return lines;
}

/** The text of *lines*, indented; nothing else about it is changed. */
export function indented(lines) {
  return lines.map(({ depth, tokens }) => "  ".repeat(depth) + tokens.map(([, text]) => text).join("")).join("\n");
}

/** The line that shows what *pointer* means, or the nearest that holds it. */
export function lineOf(lines, pointer) {
  const places = new Map();
  lines.forEach((line, place) => {
    if (!line.closes) places.set(line.pointer, place);
  });
  let rest = pointer;
  while (rest && !places.has(rest)) rest = rest.slice(0, rest.lastIndexOf("/"));
  return places.get(rest) ?? 0;
}

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  for (let found; (found = TOKEN.exec(text)); ) {
    const kind = found.findIndex((part, place) => place > 0 && part !== undefined);
    tokens.push([KINDS[kind], found[kind]]);
  }
  return tokens;
}
