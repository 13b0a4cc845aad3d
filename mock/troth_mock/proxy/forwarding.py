"""Requests passed on to a real server, and its answers passed back as they come.

A stream goes on to the client piece by piece.  What was exchanged is told once the answer has come
whole; one that breaks off, or whose client goes away, is not.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from time import monotonic
from urllib.parse import SplitResult, urlsplit

import aiohttp
from yarl import URL

from troth.errors import TrothError
from troth.http import media_type
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.openapi.operation import MediaType
from troth_mock.reply import Passed, Reply, has_content
from troth_mock.responding.problems import Problem

_CONNECT, _SILENCE = 10.0, 300.0
#: The largest answer that is taken in whole, in bytes.
_LARGEST = 64 << 20
_TOO_LARGE = f"the server's answer is larger than {_LARGEST} bytes"
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# RFC 9110 §7.6.1, and what is settled anew on each side
_OF_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-authenticate", "proxy-authorization", "content-length", "expect"}
)
# what is between this mock and its client: the server hears of neither
_OF_CLIENT = frozenset(
    {"host", "accept-encoding", "origin", "referer", "troth-session", "x-forwarded-prefix"}
)
_OF_SERVER = frozenset({"date", "server", "x-request-id", "alt-svc", "strict-transport-security"})


class NoServer(TrothError):
    """A URL that is none of a server that requests can be passed on to."""

    url: str

    def __str__(self) -> str:
        return f"{self.url!r} is no URL of a server: one looks like https://api.example.com/v1"


def server_at(url: str) -> SplitResult:
    """The parts of *url*, where a server is.  Raises NoServer."""
    try:
        parts = urlsplit(url)
        is_server = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, or a port that is none
        is_server = False
    if not is_server or parts.query:
        raise NoServer(url)
    return parts


class Upstream:
    """The server at *url*; *record* hears of each exchange with it."""

    def __init__(self, url: str, *, record: Callable[[Exchange], None]) -> None:
        parts = server_at(url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        login, _, host = parts.netloc.rpartition("@")
        self._shown = f"{parts.scheme}://{host}"
        # one login is sent, and the URL's is what was given for this server
        self._without = frozenset({"authorization"}) if login else frozenset[str]()
        self._path = parts.path.rstrip("/")
        self._record = record

    def url(self, target: str) -> str:
        """Where a request to *target* goes: below the path of the server's URL, and that once."""
        if not target.startswith("/"):
            # RFC 9112 §3.2.2: the authority of an absolute form is this mock's
            target = f"/{_AUTHORITY.sub('', target, count=1).removeprefix('/')}"
        return self._origin + ("" if self._is_below(target) else self._path) + target

    def _is_below(self, target: str) -> bool:
        return target == self._path or target.startswith((self._path + "/", self._path + "?"))

    def _led_back(
        self, request: Request, fields: Iterable[tuple[str, str]]
    ) -> Iterator[tuple[str, str]]:
        """*fields* with the places of the server as whoever sent *request* finds them here."""
        without = len(self._shown) + (0 if self._is_below(request.target) else len(self._path))
        for name, value in fields:
            is_place = name.lower() in ("location", "content-location")
            is_ours = is_place and value.startswith(f"{self._shown}{self._path}/")
            yield name, value[without:] if is_ours else value

    async def forward(self, request: Request) -> Reply | Passed:
        """The server's answer to *request*, or the problem that there is none."""
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT, sock_read=_SILENCE)
        # what comes is passed on as it is: nothing is unpacked, kept or followed
        session = aiohttp.ClientSession(
            timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        began = monotonic()
        try:
            response = await session.request(
                request.method,
                URL(self.url(request.target), encoded=True),
                headers=[
                    *(one for one in _sent(request.fields) if one[0].lower() not in self._without),
                    ("Accept-Encoding", "identity"),
                ],
                data=request.body or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            )
            fields = tuple(self._led_back(request, _received(response.headers)))
            kind = response.headers.get("Content-Type", "")
            comes_in_parts = media_type.is_event_stream(kind) or MediaType(kind, "").is_sequence
            has_stream = comes_in_parts and has_content(request.method, response.status)
            if not has_stream:
                body = await _whole(response)
                await session.close()
                if body is None:
                    return Problem(502, _TOO_LARGE, "bad_gateway").reply()
                came = ((monotonic() - began, body),)
                self._record(_exchange(request, Response(response.status, fields, body, came)))
                return Reply(response.status, fields, body or None)
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            await session.close()
            return _unreachable(self._shown, fault)
        except ValueError:
            # a field that would be two, say
            await session.close()
            return Problem(400, "a field of the request cannot be passed on").reply()
        except BaseException:
            await session.close()
            raise
        pieces = self._pieces(request, response, session, fields, began)
        return Passed(response.status, fields, pieces)

    async def _pieces(
        self,
        request: Request,
        response: aiohttp.ClientResponse,
        session: aiohttp.ClientSession,
        fields: Fields,
        began: float,
    ) -> AsyncGenerator[bytes, None]:
        arrivals: list[tuple[float, bytes]] = []
        size = 0
        try:
            async for piece in response.content.iter_any():
                size += len(piece)
                if size <= _LARGEST:
                    arrivals.append((monotonic() - began, piece))
                yield piece
        except aiohttp.ClientError as fault:
            raise ConnectionError(str(fault)) from fault  # so the client's ends as this one did
        finally:
            response.close()
            await session.close()
        if size > _LARGEST:
            return  # it was passed on, and is too large to be kept
        body = b"".join(piece for _, piece in arrivals)
        whole = Response(response.status, fields, body, tuple(arrivals))
        self._record(_exchange(request, whole))


async def _whole(response: aiohttp.ClientResponse) -> bytes | None:
    """The body of *response*; None if it is too large."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > _LARGEST:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _exchange(request: Request, response: Response) -> Exchange:
    return Exchange(replace(request, fields=tuple(_sent(request.fields))), response)


def _unreachable(origin: str, fault: BaseException) -> Reply:
    why = str(fault) or type(fault).__name__
    return Problem(502, f"{origin} gives no answer: {why[:300]}", "bad_gateway").reply()


def _sent(fields: Fields) -> list[tuple[str, str]]:
    """The fields of a request that go on to the server."""
    named = _OF_CONNECTION | _OF_CLIENT | _listed(fields)
    return [
        (name, value)
        for name, value in fields
        if name.lower() not in named and not name.lower().startswith("x-troth-")
    ]


def _received(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The fields of an answer that go back to the client: who may read it is said here anew."""
    # aiohttp knows the common names, and gives them in a type of its own
    fields = tuple((str(name), value) for name, value in headers.items())
    named = _OF_CONNECTION | _OF_SERVER | _listed(fields)
    return [
        (name, value)
        for name, value in fields
        if name.lower() not in named and not name.lower().startswith("access-control-")
    ]


def _listed(fields: Fields) -> frozenset[str]:
    """The names that Connection lists."""
    values = (value for name, value in fields if name.lower() == "connection")
    return frozenset(name.strip().lower() for value in values for name in value.split(","))
