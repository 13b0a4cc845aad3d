"""Which web pages may read the mock's answers: the Fetch standard's CORS protocol.

Pages from this machine may by default, others by name.  Credentials (cookies) are never
allowed: the mock has none, and a bearer token travels in a header that the page sets itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from troth.http.exchange import Fields, Request
from troth_mock.server.wire import is_token

_LOOPBACK = re.compile(
    r"https?://([a-z0-9-]+\.)*localhost(:\d{1,5})?"
    r"|https?://(127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?",
    re.IGNORECASE,
)
# What a page's script may read beside the CORS-safelisted response fields.
_EXPOSED = "x-request-id, retry-after, www-authenticate, allow"
# `*` as Access-Control-Allow-Headers does not cover Authorization (Fetch §3.3.3): name each one.
_ALWAYS = ("authorization", "content-type")
_MAX_NAMES = 64


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins that may read answers: loopback ones, and *allowed* ("*": every one)."""

    allowed: tuple[str, ...] = ()

    def allows(self, origin: str) -> bool:
        """Whether a page of *origin* may read the answers."""
        return (
            "*" in self.allowed
            or origin.lower() in {name.lower().rstrip("/") for name in self.allowed}
            or _LOOPBACK.fullmatch(origin) is not None
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

    *allowed* are the methods that the document declares; the asked one is added, so that a page
    sees the mock's own 404 or 405 and not a bare network error.
    """
    vary = (
        "Vary",
        "Access-Control-Request-Method, Access-Control-Request-Headers, "
        "Access-Control-Request-Private-Network",
    )
    origin = request.field("origin") or ""
    if not origins.allows(origin):
        return (vary,)
    asked = (request.field("access-control-request-method") or "").strip()
    methods = dict.fromkeys((*allowed, *((asked,) if is_token(asked) else ())))
    fields: list[tuple[str, str]] = [
        vary,
        ("Access-Control-Allow-Methods", ", ".join(methods)),
        ("Access-Control-Allow-Headers", ", ".join(_asked_headers(request))),
        ("Access-Control-Max-Age", "600"),
    ]
    if (request.field("access-control-request-private-network") or "").lower() == "true":
        fields.append(("Access-Control-Allow-Private-Network", "true"))
    return tuple(fields)


def _asked_headers(request: Request) -> tuple[str, ...]:
    asked = (request.field("access-control-request-headers") or "").lower().split(",")
    names = [name.strip() for name in asked if is_token(name.strip())]
    return tuple(dict.fromkeys((*_ALWAYS, *names[:_MAX_NAMES])))
