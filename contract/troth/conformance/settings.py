"""What a user may say of a run: its settings, and the URL of the server under test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from troth.errors import TrothError

if TYPE_CHECKING:
    from troth.openapi.operation import Operation

#: The phases of a run, in their order.
PHASES = ("examples", "resources", "boundary", "protocol", "random", "stateful")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of one answer is read, and how long it is waited for: bytes, events, seconds.

    *idle* is the longest silence inside an answer that has begun; *connect* the time for a
    connection; *seconds* the whole answer's.
    """

    body_bytes: int = 64 * 1024 * 1024
    head_bytes: int = 64 * 1024
    events: int = 20_000
    seconds: float = 30.0
    idle: float = 10.0
    connect: float = 5.0


@dataclass(frozen=True, slots=True)
class Given:
    """Values that the user gave: of *parameters*, by location and name; of *members* of bodies."""

    parameters: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OAuth:
    """The client credentials for a token of OAuth 2 (RFC 6749 §4.4), and where it is asked for."""

    client_id: str
    client_secret: str
    token_url: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run.

    *token* is the credential that the server takes (None: a placeholder is sent), *second_token*
    that of another user.  *overrides* are member values that every request body gets, by JSON
    Pointer (`/model`), *values* what the user gave by operation, under its name, which goes before.
    *without* names capabilities (groups of laws) that the server is known to lack.  *only* keeps
    the cases of these operations or the findings of these codes, *exclude* leaves some out (as
    `selection` reads both).  *application* is asked in process, as if it were a server at *url*.  A
    *safe* run sends GET, HEAD and OPTIONS; one that may be destructive (*allow*) changes and
    deletes also what it has not made.  *rate* is requests a second, 0 for no limit.  What else has
    no limit is infinite.
    """

    url: str
    token: str | None = None
    # who gives the token instead, anew when it is needed; and a user's own Python
    auth_command: str | None = None
    oauth: OAuth | None = None
    hook: str | None = None
    second_token: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Given] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    safe: bool = False
    allow_destructive: bool = False
    phases: tuple[str, ...] = PHASES
    seed: int = 0
    max_requests: float = 1000
    max_seconds: float = 300.0
    max_tokens: float = inf
    rate: float = 0.0
    workers: int = 1
    strict: bool = False
    caps: Caps = Caps()
    insecure: bool = False
    trust_env: bool = False
    # seconds of Retry-After that are waited for at once; more is not (it is told instead)
    patience: float = 10.0
    # a directory of what showed something in earlier runs, to be sent first in later ones
    database: str | None = None
    application: Any = field(default=None, repr=False)
    # whether it goes on with new requests until it has spent what it may; and whether it then
    # leaves out those that earlier runs have sent, by what the database remembers
    exhaustive: bool = False
    continuous: bool = False

    def limits(self) -> str:
        """What it may spend, in words."""
        bounds = (
            (self.max_requests, "requests"),
            (self.max_seconds, "s"),
            (self.max_tokens, "tokens"),
        )
        words = [
            f"{bound:g} {noun}" if noun == "s" else f"{int(bound)} {noun}"
            for bound, noun in bounds
            if bound < inf
        ]
        return f"at most {', '.join(words)}" if words else "until it is stopped"

    def given(self, operation: Operation) -> Given:
        """What the user gave for *operation*."""
        own = self.values.get(operation.name, Given())
        return replace(own, members={**self.overrides, **own.members})

    def shown(self) -> Mapping[str, object]:
        """What of them a report may show: no token, no header values."""
        given = self.values.values()
        members = {name: value for one in given for name, value in one.members.items()}
        return {
            "in_process": self.application is not None,
            "token": self.token is not None,
            "auth_command": self.auth_command is not None,
            "oauth": self.oauth.token_url if self.oauth else "",
            "hook": self.hook or "",
            "second_token": self.second_token is not None,
            "header": [
                *(name for name, _ in self.fields),
                *sorted({name for one in given for at, name in one.parameters if at == "header"}),
            ],
            "set": {**self.overrides, **members},
            "parameters": sorted({".".join(key) for one in given for key in one.parameters}),
            "without": sorted(self.without),
            "only": list(self.only),
            "exclude": list(self.exclude),
            "safe": self.safe,
            "allow_destructive": self.allow_destructive,
            "phases": list(self.phases),
            "max_requests": _bound(self.max_requests),
            "max_time": _bound(self.max_seconds),
            "max_tokens": _bound(self.max_tokens),
            "continuous": self.continuous,
            "rate": self.rate,
            "workers": self.workers,
            "strict": self.strict,
        }


def _bound(number: float) -> float | None:
    """*number*, None where it is no bound: JSON has no infinity."""
    return number if number < inf else None


_PORTS = range(1, 65536)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# RFC 3986 §3.3: what a path may have as it stands, and what is encoded already
_PATH = "/%:@!$&'()*+,;=-._~"


class BadTarget(TrothError):
    """The text that was given is not the URL of a server that can be tested."""

    url: str
    why: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"\n{self.advice}" if self.advice else ""
        return f"{self.url}: {self.why}{advice}"


def base_url(text: str) -> str:
    """The URL that request targets are appended to: no slash at its end, ASCII only.

    Raises BadTarget for what has a query, a fragment, credentials, or is not http(s).
    """
    url = text.strip()
    scheme = url.partition(":")[0].lower()
    if scheme == "unix" or scheme.endswith("+unix") or url.startswith(("/", "./")):
        raise BadTarget(
            url,
            "Unix sockets are not supported",
            advice="Let the server listen on 127.0.0.1, and give that URL.",
        )
    if "://" not in url:
        advice = f"Did you mean http://{url}?" if url and not _SCHEME.fullmatch(url) else ""
        raise BadTarget(url or "''", "a URL begins with http:// or https://", advice=advice)
    if scheme not in ("http", "https"):
        raise BadTarget(url, f"{scheme!r} is no scheme that can be tested: http or https")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as fault:
        raise BadTarget(_hidden(url), f"not a URL: {fault}") from None
    if parts.username is not None or parts.password is not None:
        raise BadTarget(
            _hidden(url),
            "a URL with credentials in it ends up in logs",
            advice="Give them with --token, TROTH_TOKEN or --header.",
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        what = "query" if "?" in url else "fragment"
        raise BadTarget(
            url.partition("?")[0].partition("#")[0],
            f"paths are appended to this URL, so it cannot have a {what}",
            advice="Give what every request needs with --header, or leave it out.",
        )
    if not host or any(char.isspace() or not char.isprintable() for char in url):
        raise BadTarget(repr(url), "not a URL: there is no host in it, or there are blanks")
    if port is not None and port not in _PORTS:
        raise BadTarget(url, f"{port} is no port")
    return urlunsplit(
        (scheme, _authority(url, host, port), quote(parts.path.rstrip("/"), safe=_PATH), "", "")
    )


def is_local(url: str) -> bool:
    """Whether *url*, as `base_url` gives it, is this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def _authority(url: str, host: str, port: int | None) -> str:
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise BadTarget(url, f"{host!r} is not a host name") from None
    return host if port is None else f"{host}:{port}"


def _hidden(url: str) -> str:
    return re.sub(r"//[^/?#]*@", "//…@", url)
