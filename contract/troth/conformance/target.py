"""The URL of a server under test: what is accepted as one, and what it is joined with."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from troth.errors import TrothError

_PORTS = range(1, 65536)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class BadTarget(TrothError):
    """The text that was given is not the URL of a server that can be tested."""

    def __init__(self, url: str, why: str, *, advice: str = "") -> None:
        super().__init__(url, why, advice)
        self.url = url
        self.why = why
        self.advice = advice

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


# RFC 3986 §3.3: what a path may have as it stands, and what is encoded already
_PATH = "/%:@!$&'()*+,;=-._~"


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
