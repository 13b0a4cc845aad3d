// Markdown as elements: the part of it that models write.  Whatever it says becomes text nodes and a
// few elements without attributes of its own, but for links, which lead to the web or to a mailbox.
// HTML and images stay the text that they are.

import { element } from "./dom.js";

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}> ?/;
const ROW = /^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$/;
const INLINE = [
  [/(`+)(.+?)\1(?!`)/s, (found) => element("code", {}, found[2].replace(/^ (.+) $/s, "$1"))],
  [/\*\*(?=\S)(.+?)(?<=\S)\*\*/s, (found, depth) => element("strong", {}, inline(found[1], depth))],
  [/~~(?=\S)(.+?)(?<=\S)~~/s, (found, depth) => element("del", {}, inline(found[1], depth))],
  [/\*(?=\S)([^*]+?)(?<=\S)\*/, (found, depth) => element("em", {}, inline(found[1], depth))],
  [/(?<![\p{L}\p{N}_])_(?=\S)([^_]+?)(?<=\S)_(?![\p{L}\p{N}_])/u, (found, depth) => element("em", {}, inline(found[1], depth))],
  [/(?<!!)\[([^\][]+)\]\(\s*<?([^\s()<>]+)>?(?:\s+"[^"]*")?\s*\)/, link],
];
const LINKED = /^(https?|mailto):/i;
// what is nested deeper is read as it is written
const DEEPEST = 8;

/** The elements that show *text*. */
export function markdown(text, depth = 0) {
  const lines = text.split(/\r\n|\n|\r/);
  if (depth > DEEPEST) return [element("p", {}, text)];
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    const [block, next] = blockAt(lines, at, depth);
    if (block) blocks.push(block);
    at = next;
  }
  return blocks;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines, at, fence);
  const heading = HEADING.exec(line);
  // the page has headings of its own above these
  if (heading) return [element(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2])), at + 1];
  if (RULE.test(line)) return [element("hr"), at + 1];
  if (QUOTE.test(line)) {
    const end = endOf(lines, at, (one) => QUOTE.test(one));
    const inner = lines.slice(at, end).map((one) => one.replace(QUOTE, "")).join("\n");
    return [element("blockquote", {}, markdown(inner, depth + 1)), end];
  }
  if (line.includes("|") && ROW.test(lines[at + 1] ?? "")) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at, depth);
  const end = endOf(lines, at + 1, (one, place) => one.trim() && !begins(one, lines[place + 1]));
  return [element("p", {}, inline(lines.slice(at, end).join("\n"))), end];
}

function begins(line, next) {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((one) => one.test(line)) || (line.includes("|") && ROW.test(next ?? ""));
}

function endOf(lines, at, holds) {
  let end = at;
  while (end < lines.length && holds(lines[end], end)) end += 1;
  return end;
}

function fenced(lines, at, [, fence, language]) {
  const isEnd = (line) => line.trim().startsWith(fence) && !line.trim().replaceAll(fence[0], "");
  const end = endOf(lines, at + 1, (line) => !isEnd(line));
  return [element("pre", { title: language.trim() || null }, element("code", {}, lines.slice(at + 1, end).join("\n"))), end + 1];
}

function table(lines, at) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((one) => inline(one.trim().replaceAll("\\|", "|")));
  const row = (line, name) => element("tr", {}, cells(line).map((one) => element(name, {}, one)));
  const end = endOf(lines, at + 2, (line) => line.includes("|"));
  return [element("div", { class: "wide" }, element("table", {},
    element("thead", {}, row(lines[at], "th")),
    element("tbody", {}, lines.slice(at + 2, end).map((line) => row(line, "td"))))), end];
}

function list(lines, at, depth) {
  const [, indent, mark] = ITEM.exec(lines[at]);
  const isNumbered = /\d/.test(mark);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (!item || item[1].length > indent.length + 1 || /\d/.test(item[2]) !== isNumbered) break;
    if (item[1].length < indent.length) break;
    const inside = indent.length + 1;
    const more = endOf(lines, end + 1, (line, place) => (line.trim()
      ? line.length - line.trimStart().length > inside
      : (lines[place + 1] ?? "").search(/\S/) > inside));
    const rest = lines.slice(end + 1, more);
    const cut = Math.min(...rest.filter((line) => line.trim()).map((line) => line.search(/\S/)), 99);
    items.push(element("li", {}, inline(item[3]), markdown(rest.map((line) => line.slice(cut)).join("\n"), depth + 1)));
    end = more;
    // a blank line between two items
    if (!lines[end]?.trim() && ITEM.test(lines[end + 1] ?? "")) end += 1;
  }
  return [element(isNumbered ? "ol" : "ul", isNumbered ? { start: String(parseInt(mark, 10)) } : {}, items), end];
}

function link(found, depth) {
  if (!LINKED.test(found[2])) return found[0];
  return element("a", { href: found[2], target: "_blank", rel: "noopener noreferrer" }, inline(found[1], depth));
}

function inline(text, depth = 0) {
  if (depth > DEEPEST) return [text];
  const parts = [];
  for (let rest = text; rest;) {
    let first = null;
    for (const [pattern, make] of INLINE) {
      const found = pattern.exec(rest);
      if (found && (first === null || found.index < first.found.index)) first = { found, make };
    }
    if (first === null) return [...parts, rest];
    const { found, make } = first;
    parts.push(rest.slice(0, found.index), make(found, depth + 1));
    rest = rest.slice(found.index + found[0].length);
  }
  return parts;
}
