"""Which places of an exchange hold secrets, by their names: fields, cookies, parameters, members.

Leaves to `redaction` what is done about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

#: What stands in a secret's place.
MARK = "[Filtered]"

#: What stands for a wrong token that is made of the good one: how it is made, and how bash makes it
#: of a variable.  A finding about such a token is nothing with the good one in its place.
NEAR: Mapping[str, tuple[Callable[[str], str], str]] = {
    "[Filtered without its end]": (lambda token: token[:-1], "%?"),
    "[Filtered in another case]": (str.swapcase, "~~"),
}
MARKS = (MARK, *NEAR)

#: Credentials that troth makes up to be refused, or where nobody gave one: they open nothing,
#: and a finding about them must show them.
MADE_UP = frozenset(
    {
        "TROTH_TOKEN",
        "troth-placeholder-token",
        "not-the-token-0000",
        "not-the-key-0000",
        "dHJvdGg6dHJvdGg=",
        "a b,c",
        "a" * 4096,
    }
)


def is_made_up(credential: str) -> bool:
    """Whether *credential* is one that troth makes up to be refused."""
    return credential in MADE_UP or (bool(credential) and not credential.strip("x"))


def with_token(value: str, token: str) -> str:
    """*value* with *token*, or what is made of it, in the place of each mark."""
    for mark, (made, _) in NEAR.items():
        value = value.replace(mark, made(token))
    return value.replace(MARK, token)


_SECRET_NAME = (
    r"(?:[\w.-]*[-_.])?(?:api[-_]?key|access[-_]?key|auth[-_]?key|subscription[-_]?key|"
    r"private[-_]?key|secret[-_]?key|secret|client[-_]?secret|password|passwd|"
    r"(?:access|auth|api|id|refresh|session|security|csrf|xsrf|bearer)[-_]?token|"
    r"signature)|token|x[-_]auth"
)
NAME = re.compile(_SECRET_NAME, re.IGNORECASE)
_IN_QUERY = re.compile(rf"([?&](?:{_SECRET_NAME})=)([^&#\s\"'<>]+)", re.IGNORECASE)
USERINFO = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s@\"'<>]+@")
# a member of an answer that can only be a credential; `token` alone is a word of a language model
IN_JSON = re.compile(
    rb'"(?:[\w-]*[-_])?(?:api_?key|access_?token|refresh_?token|client_?secret|password|'
    rb'authorization|secret_?key|private_?key)"\s*:\s*"((?:[^"\\]|\\.)+)"',
    re.IGNORECASE,
)
SCHEMES = re.compile(
    r"(?:bearer|basic|digest|negotiate|ntlm|hoba|mutual|vapid|dpop|scram-[\w-]+|apikey|token|key)",
    re.IGNORECASE,
)
#: Header fields that a user may give and that hold nothing to hide.
PLAIN = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-type",
        "content-encoding",
        "expect",
        "from",
        "host",
        "if-match",
        "if-none-match",
        "origin",
        "pragma",
        "prefer",
        "range",
        "te",
        "user-agent",
        "via",
    }
)
#: What an answer's own cookie or key must have to be looked for in the rest of that answer.
LEARNED = 8


Kind = Literal["credential", "cookie", "set-cookie", "secret", "plain"]


@lru_cache(maxsize=1024)
def kind_of(name: str) -> Kind:
    """What the header field *name* holds."""
    lower = name.lower()
    if lower in ("authorization", "proxy-authorization"):
        return "credential"
    if lower in ("cookie", "set-cookie"):
        return "cookie" if lower == "cookie" else "set-cookie"
    return "secret" if NAME.fullmatch(lower) else "plain"


def cookies(value: str) -> str:
    """A Cookie field's value with the names of its cookies only (RFC 6265 §4.2.1)."""
    parts = []
    for part in value.split(";"):
        name, equals, content = part.partition("=")
        parts.append(name + equals + (MARK if content.strip() else content) if equals else MARK)
    return ";".join(parts)


def query(value: str) -> str:
    """*value* without what stands in the query parameters of a URL that are secret by name."""
    if "=" not in value or ("?" not in value and "&" not in value):
        return value
    return _IN_QUERY.sub(
        lambda match: match[0] if unquote(match[2]) in MADE_UP else match[1] + MARK, value
    )


def of_url(url: str) -> Iterator[str]:
    """The secrets in a URL that the user gave: its password, and keys in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return  # whoever opens it will say so
    userinfo = parts.netloc.rpartition("@")[0]
    if userinfo:
        user, _, password = userinfo.partition(":")
        yield from (unquote(password), unquote(userinfo)) if password else (unquote(user),)
    for name, value in parse_qsl(parts.query):
        if NAME.fullmatch(name) or name.lower() in ("key", "sig", "code"):
            yield value


def of_field(name: str, value: str) -> Iterator[str]:
    """The secrets in a header field that the user gave."""
    kind = kind_of(name)
    if kind == "credential":
        yield value
        yield value.partition(" ")[2].strip()
    elif kind in ("cookie", "set-cookie"):
        for part in value.split(";"):
            yield part.partition("=")[2].strip()
    elif kind == "secret" or len(value) >= LEARNED:
        # a short value of a field like any other (`X-Debug: true`) is in every answer
        yield value
