"""What an answer says in words: to a person, and of the request that it answers.

Two refusals in the same words have one cause, however many requests there are that bring it about.
So their words are compared without what they only repeat of the request; words that say nothing of
it (`Bad Request`) tell no cause from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from troth.http import json_text
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.names import words_of

#: The members in which servers say why they refuse, the likeliest first.
_WORDS = (
    *("detail", "message", "error_description", "description", "title", "msg", "error", "errors"),
    "reason",
)
_LONGEST = 160
#: What is longer is not read for what it repeats; of a request so many values are looked for.
_MOST_BYTES = 65_536
_MOST_VALUES = 200
#: So much of a page is read for its words, which stand below its head.
_PAGE_BYTES = 16_384
#: What of a page no reader sees.
_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>", re.IGNORECASE)
#: A shorter text or name is in any sentence by chance.
_SHORTEST = 3
_TAKEN_OUT = "…"


#: What stands for a secret that is not given away.
_MASKED = re.compile(r"\*{3}|\u2022{3}|x{6}", re.IGNORECASE)


def is_masked(text: str) -> bool:
    """Whether *text* stands for one that is not given away."""
    return bool(_MASKED.search(text))


def message_of(response: Response) -> str:
    """What an answer says in words: the likeliest member of a JSON body, or how it begins."""
    try:
        value: Any = json_text.decode(response.body)
    except json_text.BadJson:
        text = " ".join(response.body[:_PAGE_BYTES].decode("utf-8", "replace").split())
        value = _UNSEEN.sub("", text)
    words = _words(value, 0) or ""
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _words(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if depth > 4:
        return None
    if isinstance(value, list):
        return next((words for item in value[:4] if (words := _words(item, depth + 1))), None)
    if isinstance(value, dict):
        members = [value[name] for name in _WORDS if name in value]
        # `exception_message` is one too
        ends = {words_of(name)[-1]: item for name, item in value.items() if words_of(name)}
        members += [ends[name] for name in _WORDS if name in ends]
        return next((words for item in members if (words := _words(item, depth + 1))), None)
    return None


# -- what is said of the request ------------------------------------------------------------------


def said_of_request(exchange: Exchange, operation: str) -> str:
    """The words of a refusal, without what they repeat; none where they say nothing of the request.

    They do where they repeat some of it, or name what *operation* was asked with; a server that
    failed may know no more than that it did, so that only the former counts.
    """
    request, response = exchange.request, exchange.response
    if response is None or response.status < 400 or len(response.body) > _MOST_BYTES:
        return ""
    if len(request.body) > _MOST_BYTES:
        return ""
    values = _sent(request, operation)
    texts = sorted({one for value in values for one in _written(value)}, key=len, reverse=True)
    containers = [value for value in values if isinstance(value, (dict, list)) and value]
    told = list(_texts(_value(response.body), containers))
    left = [_without(one, texts) for one in told]
    repeats = _TAKEN_OUT in told or left != told
    # in any order, as a set is written; a short text that is repeated is like any short word
    words = sorted(re.findall(rf"[^\W\d_]{{{_SHORTEST},}}", "\n".join(left)))
    if repeats:
        return " ".join(words) or _TAKEN_OUT
    is_about = response.status < 500 and _names_any(
        words_in("\n".join(left)), _names(request, operation)
    )
    return " ".join(words) if is_about else ""


def _value(body: bytes) -> Any:
    value = json_text.value_of(body, default=...)
    return body.decode("utf-8", "replace") if value is ... else value


def _texts(value: Any, sent: Any) -> Iterator[str]:
    """The texts in *value*, but those of what was *sent* and stands in it as a whole."""
    if isinstance(value, (dict, list)) and value in sent:
        yield _TAKEN_OUT
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item, sent)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, sent)
    elif isinstance(value, str):
        yield value


def _sent(request: Request, operation: str) -> list[Any]:
    """All values in *request*, those first that hold others."""
    path, _, query = request.target.partition("?")
    found: list[Any] = [_value(request.body)] if request.body else []
    for value in found:
        if len(found) >= _MOST_VALUES:
            break
        found += (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
    pairs = zip(reversed(operation.split("/")), reversed(path.split("/")), strict=False)
    found += [unquote(part) for own, part in pairs if "{" in own]
    found += [value for _, value in parse_qsl(query, keep_blank_values=True)]
    return [*found, *(value for name, value in request.fields if name.lower() not in _USUAL)]


#: Fields that every request has: what they say is not what it is about.
_USUAL = frozenset({"accept", "content-type", "content-length", "user-agent", "host"})


def _written(value: Any) -> Iterator[str]:
    """How *value* may be written in a sentence."""
    if isinstance(value, (dict, list)) and value:
        yield repr(value)
        yield json_text.encode(value).decode("utf-8", "replace")
    elif isinstance(value, str) and len(value) >= _SHORTEST:
        yield from {value, repr(value)[1:-1], value.strip()}


def _without(text: str, texts: list[str]) -> str:
    for one in texts:
        if len(one) >= _SHORTEST:
            text = text.replace(one, _TAKEN_OUT)
    return text


def _names(request: Request, operation: str) -> set[tuple[str, ...]]:
    """The names, in words, of what *operation* was asked with."""
    query = request.target.partition("?")[2]
    body = _value(request.body) if request.body else None
    names = [
        *re.findall(r"{([^{}]+)}", operation),
        *(name for name, _ in parse_qsl(query, keep_blank_values=True)),
        *(name for name, _ in request.fields if name.lower() not in _USUAL),
        *(body if isinstance(body, dict) else ()),
    ]
    return {words_of(name) for name in names}


def names_others(exchange: Exchange, references: frozenset[str]) -> bool:
    """Whether a refusal names members of the request, and nothing of *references*, which are some.

    `owner_id` is named by whoever speaks of an owner.
    """
    if exchange.response is None:
        return False
    there = words_in("\n".join(_texts(_value(exchange.response.body), ())))
    referring = {words_of(name) for name in references}
    named = {word for words in referring for word in words[:-1] or words}
    return not named & there and _names_any(there, _names(exchange.request, "") - referring)


def words_in(text: str) -> set[str]:
    """The words of *text*, and those that its names are made of, in lower case."""
    return {part for word in re.findall(r"\w+", text) for part in (word.lower(), *words_of(word))}


def _names_any(there: set[str], names: set[tuple[str, ...]]) -> bool:
    """Whether all words of any of *names* are *there*."""
    return any(len("".join(words)) >= _SHORTEST and {*words} <= there for words in names)
