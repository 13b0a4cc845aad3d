// Enough Markdown for answers, made of nodes and never of HTML: what looks like a tag stays text.

const SPAN = /(`+)(.+?)\1|\*\*(.+?)\*\*|\*(.+?)\*|\[([^\]]+)\]\((https?:[^)\s]+)\)/gs;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

/** The nodes that *text* means. */
export function render(text) {
  const lines = text.split("\n");
  const nodes = [];
  while (lines.length) nodes.push(...block(lines));
  return nodes;
}

function block(lines) {
  const line = lines.shift();
  const fence = line.match(/^(```+|~~~+)\s*(\S*)/);
  const heading = line.match(/^(#{1,6})\s+(.*)$/);
  if (!line.trim()) return [];
  if (fence) return [code(lines, fence)];
  if (heading) return [node(`h${Math.min(6, heading[1].length + 1)}`, spans(heading[2]))];
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return [node("hr", [])];
  if (line.startsWith(">")) {
    const quoted = [line, ...taken(lines, (next) => next.startsWith(">"))];
    return [node("blockquote", render(quoted.map((one) => one.replace(/^> ?/, "")).join("\n")))];
  }
  if (ITEM.test(line)) return [list([line, ...taken(lines, (next) => /^\s+\S/.test(next) || ITEM.test(next))])];
  if (line.includes("|") && /^[\s|:-]+$/.test(lines[0] ?? "x") && lines[0].includes("-")) {
    lines.shift();
    return [table([line, ...taken(lines, (next) => next.includes("|"))])];
  }
  const more = taken(lines, (next) => next.trim() && !/^(#|>|```|~~~)/.test(next) && !ITEM.test(next));
  return [node("p", spans([line, ...more].join("\n")))];
}

function code(lines, [, mark, language]) {
  const inside = taken(lines, (next) => !next.startsWith(mark));
  lines.shift();
  const one = node("code", [inside.join("\n")]);
  if (language) one.dataset.language = language;
  return node("pre", [one]);
}

function list(lines) {
  const indent = lines[0].match(ITEM)[1].length;
  const isNumbered = /\d/.test(lines[0].match(ITEM)[2]);
  const items = [];
  for (const line of lines) {
    const item = line.match(ITEM);
    if (item && item[1].length <= indent) items.push([item[3]]);
    else items.at(-1).push(line.replace(/^\s{1,4}/, ""));
  }
  const parts = items.map(([first, ...more]) => node("li", [...spans(first), ...render(more.join("\n"))]));
  return node(isNumbered ? "ol" : "ul", parts);
}

function table([head, ...rows]) {
  const cells = (line, name) => line.trim().replace(/^\||\|$/g, "").split("|")
    .map((cell) => node(name, spans(cell.trim())));
  const body = rows.map((row) => node("tr", cells(row, "td")));
  return node("table", [node("thead", [node("tr", cells(head, "th"))]), node("tbody", body)]);
}

function spans(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(SPAN)) {
    if (found.index > end) nodes.push(text.slice(end, found.index));
    nodes.push(span(found));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)];
}

function span([, , code, strong, emphasis, label, href]) {
  if (code) return node("code", [code]);
  if (strong) return node("strong", spans(strong));
  if (emphasis) return node("em", spans(emphasis));
  const link = node("a", spans(label));
  link.href = href;
  link.rel = "noreferrer";
  return link;
}

function taken(lines, is) {
  const found = [];
  while (lines.length && is(lines[0])) found.push(lines.shift());
  return found;
}

function node(name, children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}
