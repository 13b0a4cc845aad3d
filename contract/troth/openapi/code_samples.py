"""Read the request bodies out of code samples: Python, JavaScript, TypeScript, shell, JSON.

A sample (an entry of `x-codeSamples`) is source text that shows a call; what that call would send
is the request that its author promises to work.  Nothing is executed: only literals are read, and
names that the same sample gives literal values.  A sample in another language, or one whose
arguments are computed, holds no request that we can know, and gives an empty list.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# The argument in which common HTTP clients and generated SDKs take a whole body.
_BODY_ARGUMENTS = ("json", "body", "data", "request")
_DATA_OPTIONS = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json")
_ECMA = ("typescript", "javascript", "ts", "js", "jsx", "tsx", "node", "nodejs", "ecmascript")
_SHELL = ("shell", "bash", "sh", "curl", "zsh", "console")


def requests_in(sample: Mapping[str, Any], *, members: Collection[str] = ()) -> list[Any]:
    """List the request bodies that *sample* would send, in the order of its text.

    *members* are the names that the body's schema declares, when the caller knows them: an object
    that shares none of them is then not a request (a client's settings, a set of headers), and a
    name in camelCase whose snake_case form is declared is the SDK's spelling of that one.
    """
    source, language = sample.get("source"), str(sample.get("lang", "")).lower()
    if not isinstance(source, str):
        return []
    if language.startswith("python"):
        bodies = _in_python(source, members)
    elif language in _ECMA:
        bodies = _in_ecma(source)
    elif language in _SHELL:
        bodies = _in_shell(source)
    elif language == "json":
        bodies = _json_text(source)
    else:
        bodies = iter(())
    return [_spelt(value, members) for value in bodies if _is_request(value, members)]


def _is_request(value: Any, members: Collection[str]) -> bool:
    if not members:
        return not isinstance(value, dict) or bool(value)
    return isinstance(value, dict) and any(_declared(name, members) for name in value)


def _declared(name: str, members: Collection[str]) -> str | None:
    if name in members:
        return name
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)
    return snake if snake in members else None


def _spelt(value: Any, members: Collection[str]) -> Any:
    if not members:
        return value
    return {_declared(name, members) or name: item for name, item in value.items()}


def _json_text(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        return


def _in_shell(source: str) -> Iterator[Any]:
    try:
        words = shlex.split(source.replace("\\\n", " "))
    except ValueError:
        return
    for position, word in enumerate(words):
        option, equals, attached = word.partition("=")
        if option not in _DATA_OPTIONS:
            continue
        following = words[position + 1] if position + 1 < len(words) else ""
        yield from _json_text(attached if equals else following)


# --- Python -----------------------------------------------------------------------------------


class _Computed(Exception):
    """The expression is not a literal."""


def _in_python(source: str, members: Collection[str]) -> Iterator[Any]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    known: dict[str, Any] = {}
    arguments = _argument_calls(tree)
    for node in _in_text_order(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                known[node.targets[0].id] = _literal(node.value, known)
            except _Computed:
                known.pop(node.targets[0].id, None)
        elif isinstance(node, ast.Call) and node not in arguments and not _makes_a_client(node):
            yield from _sent_by(node, known, members)


def _in_text_order(tree: ast.AST) -> list[ast.Call | ast.Assign]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Call, ast.Assign))]
    return sorted(nodes, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))


def _argument_calls(tree: ast.AST) -> set[ast.AST]:
    """The calls of functions whose results a method is given: they make a part of what it sends."""
    return {
        argument
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        for argument in (*call.args, *(word.value for word in call.keywords))
        if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name)
    }


def _makes_a_client(call: ast.Call) -> bool:
    # A capital letter names a class: its arguments are settings, not a request.
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return bool(name[:1].isupper())


def _sent_by(call: ast.Call, known: Mapping[str, Any], members: Collection[str]) -> Iterator[Any]:
    named = {word.arg: word.value for word in call.keywords if word.arg}
    for name in _BODY_ARGUMENTS:
        if name in named and name not in members:
            try:
                whole = _literal(named[name], known)
            except _Computed:
                continue
            if isinstance(whole, (dict, list)):
                yield whole
                return
    try:
        if named and not call.args and len(named) == len(call.keywords):
            yield {name: _literal(value, known) for name, value in named.items()}
        elif len(call.args) == 1 and not named:
            only = _literal(call.args[0], known)
            if isinstance(only, dict):
                yield only
    except _Computed:
        return


def _literal(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value) if value is None or type(value) in (str, int, float, bool):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item, known) for item in items]
        case ast.Dict(keys=keys, values=values):
            return dict(_entry(key, value, known) for key, value in zip(keys, values, strict=True))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if isinstance(
            value, (int, float)
        ):
            return -value
    raise _Computed


def _entry(key: ast.expr | None, value: ast.expr, known: Mapping[str, Any]) -> tuple[str, Any]:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value, _literal(value, known)
    raise _Computed


# --- JavaScript and TypeScript ----------------------------------------------------------------

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`)
  | (?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<mark>=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
Token = tuple[str, str]


def _in_ecma(source: str) -> Iterator[Any]:
    tokens = [
        (match.lastgroup or "", match[0])
        for match in _TOKEN.finditer(source)
        if match.lastgroup != "space"
    ]
    known: dict[str, Any] = {}
    methods: list[bool] = []  # of the calls around: whether each is one of a method
    for at, (_, text) in enumerate(tokens):
        is_argument = bool(methods) and methods[-1] and not _is_method(tokens, at)
        if text == "(":
            methods.append(_is_method(tokens, at))
        elif text == ")" and methods:
            methods.pop()
        if text == "=" and at and tokens[at - 1][0] == "name":
            try:
                known[tokens[at - 1][1]], _ = _parse(tokens, at + 1, known)
            except _Computed:
                known.pop(tokens[at - 1][1], None)
        elif text == "(" and not is_argument and not _constructs(tokens, at):
            try:
                value, end = _parse(tokens, at + 1, known)
            except _Computed:
                continue
            if isinstance(value, dict) and tokens[end : end + 1] != [("mark", ".")]:
                yield value


def _is_method(tokens: list[Token], parenthesis: int) -> bool:
    return [text for _, text in tokens[max(0, parenthesis - 2) : parenthesis - 1]] == ["."]


def _constructs(tokens: list[Token], parenthesis: int) -> bool:
    at = parenthesis - 1
    while at >= 1 and tokens[at][0] == "name" and tokens[at - 1][1] == ".":
        at -= 2
    return at >= 1 and tokens[at][0] == "name" and tokens[at - 1] == ("name", "new")


def _parse(tokens: list[Token], at: int, known: Mapping[str, Any]) -> tuple[Any, int]:
    """Parse one literal at *at*; the value and the position behind it."""
    kind, text = tokens[at] if at < len(tokens) else ("", "")
    if kind == "string":
        return _unquoted(text), at + 1
    if kind == "number":
        return _number(text), at + 1
    if kind == "name" and text in _CONSTANTS:
        return _CONSTANTS[text], at + 1
    if kind == "name" and text in known:
        return known[text], at + 1
    if text == "[":
        return _parse_array(tokens, at + 1, known)
    if text == "{":
        return _parse_object(tokens, at + 1, known)
    raise _Computed


def _parse_array(tokens: list[Token], at: int, known: Mapping[str, Any]) -> tuple[list[Any], int]:
    items: list[Any] = []
    while tokens[at : at + 1] != [("mark", "]")]:
        item, at = _parse(tokens, at, known)
        items.append(item)
        at = _past_comma(tokens, at, "]")
    return items, at + 1


def _parse_object(
    tokens: list[Token], at: int, known: Mapping[str, Any]
) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while tokens[at : at + 1] != [("mark", "}")]:
        kind, text = tokens[at] if at < len(tokens) else ("", "")
        if kind not in ("string", "name", "number"):
            raise _Computed
        name = _unquoted(text) if kind == "string" else text
        if tokens[at + 1 : at + 2] == [("mark", ":")]:
            members[name], at = _parse(tokens, at + 2, known)
        elif kind == "name" and name in known:  # {model} is short for {model: model}
            members[name], at = known[name], at + 1
        else:
            raise _Computed
        at = _past_comma(tokens, at, "}")
    return members, at + 1


def _past_comma(tokens: list[Token], at: int, closing: str) -> int:
    text = tokens[at][1] if at < len(tokens) else ""
    if text == ",":
        return at + 1
    if text != closing:
        raise _Computed
    return at


def _number(text: str) -> int | float:
    if text.lstrip("-").lower().startswith("0x"):
        return int(text, 16)
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _unquoted(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        word = match[1]
        if word[0] in "ux" and len(word) > 1:
            return chr(int(word.strip("ux{}"), 16))
        return _ESCAPES.get(word, word)

    unescaped = re.sub(
        r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        plain,
        text[1:-1],
        flags=re.S,
    )
    # Two \\uXXXX escapes of one pair make one code point.
    return unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
