"""A request as a program that sends it: a line of a shell, Python, JavaScript.

A secret in it is the variable TROTH_TOKEN of the environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pprint import pformat
from typing import Any

from troth.conformance import curl as curl_line
from troth.conformance.redaction import MARK
from troth.errors import TrothError
from troth.http import json_text, media_type
from troth.http.exchange import Request, without

#: What every client writes itself.
_OF_CLIENTS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}
)
_ABSENT = object()


def curl(request: Request, url: str, *, is_stream: bool) -> str:
    """The line for a shell."""
    return curl_line.line(_own(request), url, stream=is_stream)


def python(request: Request, url: str, *, is_stream: bool) -> str:
    """The program in Python, with its library alone."""
    request = _own(request)
    value = _value(request)
    is_secret = any(MARK in text for _, text in request.fields) or MARK in request.target
    lines = ["import json"] if value is not _ABSENT else []
    lines += ["import os"] if is_secret else []
    lines += ["import urllib.error", "import urllib.request", ""]
    if value is not _ABSENT:
        lines += [f"body = json.dumps({_python(value)}).encode()"]
    elif request.body:
        lines += [f"body = {request.body!r}"]
    lines += [
        "request = urllib.request.Request(",
        f"    {_python(url + request.target)},",
        f"    method={request.method!r},",
        "    headers={",
        *(f"        {name!r}: {_python(text)}," for name, text in request.fields),
        "    },",
        *(["    data=body,"] if request.body else []),
        ")",
        "try:",
        "    response = urllib.request.urlopen(request)",
        "except urllib.error.HTTPError as refusal:",
        "    response = refusal",
        "print(response.status)",
    ]
    if is_stream:
        return "\n".join([*lines, "for line in response:", '    print(line.decode(), end="")', ""])
    return "\n".join([*lines, "print(response.read().decode())", ""])


def javascript(request: Request, url: str, *, is_stream: bool) -> str:
    """The program in JavaScript, a module."""
    request = _own(request)
    value = _value(request)
    body = None
    if value is not _ABSENT:
        body = f"JSON.stringify({_indented(_javascript(value))})"
    elif request.body:
        body = _javascript(request.body.decode("utf-8", "replace"))
    lines = [
        f"const response = await fetch({_javascript(url + request.target)}, {{",
        f"  method: {_javascript(request.method)},",
        "  headers: {",
        *(f"    {_javascript(name)}: {_javascript(text)}," for name, text in request.fields),
        "  },",
        *([f"  body: {body},"] if body is not None else []),
        "});",
        "console.log(response.status);",
    ]
    if is_stream:
        lines += [
            "const decoder = new TextDecoder();",
            "for await (const piece of response.body)",
            "  process.stdout.write(decoder.decode(piece, { stream: true }));",
        ]
    else:
        lines.append("console.log(await response.text());")
    return "\n".join([*lines, ""])


LANGUAGES: Mapping[str, Callable[..., str]] = {
    "curl": curl,
    "python": python,
    "javascript": javascript,
}


def _own(request: Request) -> Request:
    """*request* without the fields that a client writes itself."""
    return replace(request, fields=without(request.fields, _OF_CLIENTS))


def _value(request: Request) -> Any:
    if media_type.is_json(request.content_type or ""):
        with suppress(TrothError, RecursionError):
            return json_text.decode(request.body)
    return _ABSENT


def _python(value: Any) -> str:
    """*value* as Python writes it."""
    text = pformat(value, width=88, sort_dicts=False)
    if isinstance(value, str) and MARK in value:
        before, _, after = value.partition(MARK)
        parts = (repr(before) if before else "", 'os.environ["TROTH_TOKEN"]', repr(after))
        return " + ".join(part for part in parts if part not in ("", "''"))
    return text


def _javascript(value: Any) -> str:
    if isinstance(value, str) and MARK in value:
        before, _, after = value.partition(MARK)
        parts = (json.dumps(before), "process.env.TROTH_TOKEN", json.dumps(after))
        return " + ".join(part for part in parts if part != '""')
    return json.dumps(value, indent=2, ensure_ascii=False)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
