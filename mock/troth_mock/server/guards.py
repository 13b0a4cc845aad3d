"""Who may ask, and who may read: what a request's head must satisfy before its body is read.

The document decides everything that it can see; these are the problems that lie below it: the Host
field, size, coding, framing.

Web pages may read the mock's answers by the Fetch standard's CORS protocol: those from this machine
by default, others by name.  Credentials (cookies) are never allowed: the mock has none, and a
bearer token travels in a header that the page sets itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from multidict import MultiMapping, istr

from troth.http.exchange import TOKEN, Fields, Request
from troth_mock.responding.kept import LONGEST_NAME, SESSION_FIELD, SESSION_PATH, session_of
from troth_mock.responding.problems import Problem

_LOOPBACK_HOST = re.compile(r"(.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@?#\s]+)(?::(\d{0,5}))?")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)

# Two bounds of aiohttp's parser, told by their words: it has one exception for both.
_TOO_LONG = "bytes when reading"
_HOST = istr("Host")
_CONTENT_ENCODING = istr("Content-Encoding")
_CONTENT_LENGTH = istr("Content-Length")
_EXPECT = istr("Expect")
_SESSION, _COOKIE = istr(SESSION_FIELD), istr("Cookie")
_TOKEN = re.compile(TOKEN)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and for how long, one client may ask of the mock; times in seconds.

    *head* bounds a request's head from its first byte, *body* the reading of its content, *idle*
    a connection on which nothing is asked, *write* a client that takes nothing of what is sent.
    """

    body_bytes: int = 16 * 1024 * 1024
    line_bytes: int = 8190
    field_count: int = 128
    head: float = 10.0
    body: float = 30.0
    idle: float = 75.0
    write: float = 30.0


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names under which the mock may be addressed.

    A server on loopback is reached by the pages of any site whose name can be made to resolve to
    127.0.0.1 (DNS rebinding), so there only loopback names, the bound one and *allowed* will do.
    Bound elsewhere, everything will unless *allowed* names some.
    """

    bound: str = "127.0.0.1"
    allowed: tuple[str, ...] = ()

    def accepts(self, authority: str) -> bool:
        """Whether a Host field of *authority* (host and optional port) is one of ours."""
        if "*" in self.allowed:
            return True
        parts = _AUTHORITY.fullmatch(authority.strip())
        if parts is None:
            return False
        host = parts[1].rstrip(".").lower()
        if not self.allowed and not is_loopback(self.bound):
            return True
        named = {name.lower() for name in (*self.allowed, self.bound)}
        return (
            host in named
            or host.strip("[]") in named
            or authority.strip().lower() in named
            or _LOOPBACK_HOST.fullmatch(host) is not None
        )


def is_loopback(host: str) -> bool:
    """Whether *host*, a name or an address without brackets, is this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def is_address(authority: str) -> bool:
    """Whether *authority*, a host and maybe a port, has an address of IP for a name."""
    parts = _AUTHORITY.fullmatch(authority.strip())
    try:
        return parts is not None and bool(ip_address(parts[1].strip("[]")))
    except ValueError:
        return False


def head_problem(
    headers: MultiMapping[str],
    *,
    target: str,
    version: tuple[int, int],
    hosts: Hosts,
    limits: Limits,
    may_be_coded: Callable[[], bool] = lambda: False,
) -> Problem | None:
    """What is wrong with a request's head, or None.

    *may_be_coded* tells whether the document speaks of a coding of the body.
    """
    if version < (1, 0):
        # HTTP/0.9 has no head; whoever speaks it today does so by mistake
        return Problem(400, "this server speaks HTTP/1.1 and HTTP/1.0", "malformed_request")
    return (
        _host_problem(headers.getall(_HOST, []), version=version, hosts=hosts)
        or (None if target.startswith("/") else _target_problem(target, hosts))
        or (_coding_problem(headers, may_be_coded) if _CONTENT_ENCODING in headers else None)
        or _length_problem(headers.get(_CONTENT_LENGTH), limits)
        or _expect_problem(headers.get(_EXPECT))
        or _session_problem(headers, target)
    )


def too_large(limits: Limits) -> Problem:
    """The answer to content over the limit."""
    message = f"the body is larger than {limits.body_bytes} bytes (see --max-body-bytes)"
    return Problem(413, message, "body_too_large")


def too_slow(limits: Limits) -> Problem:
    """The answer to a request that did not arrive in time."""
    return Problem(408, f"the request was not complete within {limits.body:g} s", "request_timeout")


def one_line(text: str) -> str:
    """*text* on one line of printable characters, shortened."""
    flat = " ".join(text.split())[:300]
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in flat)


def malformed(message: str) -> Problem:
    """The answer to what aiohttp's parser refuses with *message*."""
    # below its first line the parser shows the bytes, as Python would write them
    reason = one_line(message.partition("\n")[0]).rstrip(": ") or "it cannot be read"
    if _TOO_LONG in message:
        return Problem(431, "the request line or a field is too long", "header_fields_too_large")
    return Problem(
        400, f"this is not a well-formed HTTP/1.1 request: {reason}", "malformed_request"
    )


def internal(exc: BaseException | None) -> Problem:
    """The answer when *exc*, a fault of ours, is in the way of another."""
    return Problem(500, one_line(f"the mock failed: {exc!r}"), "internal_error")


def _host_problem(names: list[str], *, version: tuple[int, int], hosts: Hosts) -> Problem | None:
    if len(names) == 1:
        return None if _accepts(hosts, names[0]) else _misdirected(names[0])
    if not names and version < (1, 1):
        return None
    # RFC 9112 §3.2: exactly one
    return Problem(400, "a request has exactly one Host field", "bad_host")


def _target_problem(target: str, hosts: Hosts) -> Problem | None:
    # RFC 9112 §3.2.2: the authority of a target in absolute form stands in for the Host field
    absolute = _ABSOLUTE.match(target)
    if absolute is None or _accepts(hosts, absolute[1]):
        return None
    return _misdirected(absolute[1])


def _misdirected(name: str) -> Problem:
    message = f"{name[:200]!r} is not a name of this server; start it with --allow-host to add it"
    return Problem(421, message, "misdirected_request")


def token_problem(request: Request, token: str | None) -> Problem | None:
    """Why *request* may not drive a mock whose control token is *token*, or None."""
    scheme, _, given = (request.field("authorization") or "").partition(" ")
    if token is None:
        return None
    # what is no UTF-8 comes as surrogates
    both = (text.encode("utf-8", "surrogateescape") for text in (given.strip(), token))
    is_known = hmac.compare_digest(*both)
    if is_known and scheme.lower() == "bearer":
        return None
    challenge = (("WWW-Authenticate", 'Bearer realm="troth"'),)
    return Problem(401, "the control token is needed", fields=challenge)


def path_of(target: str) -> str:
    """The path of a request's *target*, in origin form or absolute form."""
    if not target.startswith("/"):
        target = _ABSOLUTE.sub("", target, count=1) or "/"
    return target.partition("?")[0]


# A browser sends the same few names over and over.
_accepts = lru_cache(maxsize=256)(Hosts.accepts)


def _coding_problem(headers: MultiMapping[str], may_be_coded: Callable[[], bool]) -> Problem | None:
    codings = headers.getall(_CONTENT_ENCODING)
    if all(value.strip().lower() in ("", "identity") for value in codings) or may_be_coded():
        return None
    message = (
        f"Content-Encoding {', '.join(codings)[:100]!r} is not supported: send the body as it is"
    )
    # RFC 9110 §15.5.16: Accept-Encoding in a 415 tells which codings would do
    fields = (("Accept-Encoding", "identity"),)
    return Problem(415, message, "unsupported_content_encoding", fields=fields)


def _length_problem(text: str | None, limits: Limits) -> Problem | None:
    if text is None or not text.isdecimal():
        return None
    # a number of more digits than the limit is larger, and int() of very many is slow
    digits = text.lstrip("0")
    over = len(digits) > 20 or int(digits or "0") > limits.body_bytes
    return too_large(limits) if over else None


def _expect_problem(expected: str | None) -> Problem | None:
    if expected is None or expected.strip().lower() == "100-continue":
        return None
    # RFC 9110 §10.1.1
    return Problem(417, f"cannot meet Expect: {expected[:100]!r}", "expectation_failed")


def _session_problem(headers: MultiMapping[str], target: str) -> Problem | None:
    if SESSION_PATH not in target and _SESSION not in headers and _COOKIE not in headers:
        return None
    size = len(session_of(Request("", target, tuple(headers.items()))))
    if size <= LONGEST_NAME:
        return None
    # cut, it could be the name of another
    message = f"the name of a session has at most {LONGEST_NAME} characters, and this has {size}"
    return Problem(400, message, "bad_session", SESSION_FIELD)


# Which pages may read.

_LOOPBACK_ORIGIN = re.compile(
    r"https?://([a-z0-9-]+\.)*localhost(:\d{1,5})?"
    r"|https?://(127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?",
    re.IGNORECASE,
)
# What a page's script may read beside the CORS-safelisted response fields.
_EXPOSED = (
    "x-request-id, retry-after, www-authenticate, allow, location, etag, link, x-total-count, "
    "x-troth-scenario"
)
# `*` as Access-Control-Allow-Headers does not cover Authorization (Fetch §3.3.3): name each one.
_ALWAYS = ("authorization", "content-type")
_MOST_NAMES = 64


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins that may read answers: loopback ones, and *allowed* ("*": every one)."""

    allowed: tuple[str, ...] = ()

    def allows(self, origin: str) -> bool:
        """Whether a page of *origin* may read the answers."""
        return (
            "*" in self.allowed
            or origin.lower() in {name.lower().rstrip("/") for name in self.allowed}
            or _LOOPBACK_ORIGIN.fullmatch(origin) is not None
        )

    def fields(self, origin: str | None) -> Fields:
        """The fields that every answer to *origin* carries, errors and streams included."""
        # the answer depends on Origin even when there was none, so caches must know
        vary = ("Vary", "Origin")
        if origin is None or not self.allows(origin):
            return (vary,)
        return (
            vary,
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", _EXPOSED),
        )


def is_preflight(request: Request) -> bool:
    """Whether *request* is a CORS preflight (Fetch §3.3.2) rather than an OPTIONS of its own."""
    return (
        request.method == "OPTIONS"
        and request.field("origin") is not None
        and request.field("access-control-request-method") is not None
    )


def preflight(request: Request, origins: Origins, *, allowed: tuple[str, ...]) -> Fields:
    """The fields that answer the preflight *request*, beside those of every answer.

    *allowed* are the methods that the document declares; the one that is asked about is added, so
    that a page sees the mock's own 404 or 405 and not a bare network error.
    """
    vary = (
        "Vary",
        "Access-Control-Request-Method, Access-Control-Request-Headers, "
        "Access-Control-Request-Private-Network",
    )
    origin = request.field("origin") or ""
    if not origins.allows(origin):
        return (vary,)
    method = (request.field("access-control-request-method") or "").strip()
    methods = dict.fromkeys((*allowed, *((method,) if is_token(method) else ())))
    fields: list[tuple[str, str]] = [
        vary,
        ("Access-Control-Allow-Methods", ", ".join(methods)),
        ("Access-Control-Allow-Headers", ", ".join(_requested_names(request))),
        ("Access-Control-Max-Age", "600"),
    ]
    if (request.field("access-control-request-private-network") or "").lower() == "true":
        fields.append(("Access-Control-Allow-Private-Network", "true"))
    return tuple(fields)


def _requested_names(request: Request) -> tuple[str, ...]:
    listed = (request.field("access-control-request-headers") or "").lower().split(",")
    names = [name.strip() for name in listed if is_token(name.strip())]
    return tuple(dict.fromkeys((*_ALWAYS, *names[:_MOST_NAMES])))


def is_token(text: str) -> bool:
    """Whether *text* is a token (RFC 9110 §5.6.2), as methods and field names are."""
    return _TOKEN.fullmatch(text) is not None
