"""Runtime expressions (OpenAPI 3.1 §4.8.20.4): where in an exchange a value stands.

One is read once into an `Expression`, and evaluated against an exchange.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus, urlsplit

from troth import pointer as pointers
from troth.http import json_text
from troth.http.exchange import Exchange
from troth.openapi.paths import canonical, path_template

_EXPRESSION = re.compile(
    r"\$(?:(url|method|statusCode)"
    r"|(request|response)\.(?:(header|query|path)\.([^#\s]+)|(body)(?:#(.*))?))"
)

Message = Literal["request", "response"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A runtime expression: *part* of *message*, *name* of a field, or *pointer* into a body.

    *template*, of a path, says that the value is what stands in the URL there for *variable*: so
    an identifier is found in `Location`.
    """

    text: str
    message: Message | Literal[""]
    part: str
    name: str = ""
    template: str = ""
    variable: str = ""

    def __str__(self) -> str:
        if self.variable:
            return f"{self.text} as {self.template} ({self.variable})"
        return self.text


def parse(text: str) -> Expression | None:
    """Read the runtime expression *text*; None if it is none."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        return None
    alone, message, part, name, body, pointer = match.groups()
    if alone is not None:
        return Expression(text, "", alone)
    if body is not None:
        return Expression(text, _message(message), body, pointers.from_fragment(pointer or ""))
    return Expression(text, _message(message), part, name)


def _message(word: str) -> Message:
    return "request" if word == "request" else "response"


def body(message: Message, pointer: str) -> Expression:
    """The expression of what stands at *pointer* in the body of *message*."""
    text = f"${message}.body" + (f"#{pointers.fragment(pointer)}" if pointer else "")
    return Expression(text, message, "body", pointer)


def location(template: str, variable: str) -> Expression:
    """The expression of what `Location` has for *variable* of the path *template*."""
    field = "Location"
    return Expression(f"$response.header.{field}", "response", "header", field, template, variable)


def evaluate(
    expression: Expression, exchange: Exchange, path_parameters: Mapping[str, str]
) -> Any | None:
    """The value of *expression* in *exchange*, with `Match.path_parameters`; None: it has none."""
    if not expression.message:
        target = exchange.request.target
        alone = {"url": target, "method": exchange.request.method}
        status = exchange.response.status if exchange.response is not None else None
        return alone.get(expression.part, status)
    message = exchange.request if expression.message == "request" else exchange.response
    if message is None:
        return None
    value: Any = None
    if expression.part == "body":
        value = at(message.body, expression.name)
    elif expression.part == "header":
        value = message.field(expression.name)
    elif expression.part == "query":
        value = _query(exchange.request.target, expression.name)
    elif expression.name in path_parameters:
        value = unquote(path_parameters[expression.name])
    if expression.variable and isinstance(value, str):
        return in_url(value, expression.template, expression.variable)
    return value


def at(body: bytes, pointer: str) -> Any | None:
    """What stands at *pointer* of the JSON text *body*."""
    try:
        return pointers.find(json_text.decode(body), pointer)
    except (json_text.BadJson, ValueError):
        return None


def in_url(url: str, template: str, variable: str) -> str | None:
    """What *url* has for *variable* of *template*: its path may have that of a server before."""
    path = canonical(urlsplit(url).path)
    whole = path_template(template.rstrip("/"))
    pattern = re.compile(f"(?:.*)(?:{whole.pattern.pattern})/?", re.DOTALL)
    match = pattern.fullmatch(path if path.startswith("/") else f"/{path}")
    if match is None or variable not in whole.names:
        return None
    return unquote(match.groups()[whole.names.index(variable)])


def named_by(value: Any, template: str, variable: str) -> Any:
    """What *value* is for *variable* of *template*: itself, or what it has there if it is a path.

    `shelves/7` is called so in its own `name`, and `7` in its path.
    """
    within = in_url(value, template, variable) if isinstance(value, str) and "/" in value else None
    return value if within is None else within


def _query(target: str, name: str) -> str | None:
    pairs = (pair.partition("=") for pair in urlsplit(target).query.split("&"))
    return next((unquote_plus(value) for key, _, value in pairs if unquote_plus(key) == name), None)
