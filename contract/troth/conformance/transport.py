"""The only socket of a conformance run: requests out, raw answers in, under caps.

Every answer a server can give, and every way in which it can fail to give one, becomes an
`Exchange`: with a response, a *fault* (a word of `exchange.FAULTS`), or both.

Redirects, proxies from the environment, .netrc and cookies are off; content is unpacked here,
under the cap on bytes.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from yarl import URL

from troth.conformance.settings import Caps
from troth.http import content_coding
from troth.http.exchange import Exchange, Fields, Request, Response, url_of

_CHUNK = 64 * 1024
# HTML, "Parsing an event stream": a line ends in CRLF, LF or CR
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_BLANK_LONGEST = 4


@dataclass(slots=True)
class Reading:
    """What has been read of one answer so far: kept, whatever happens next."""

    started: float
    status: int = 0
    fields: Fields = ()
    arrivals: list[tuple[float, bytes]] = field(default_factory=list)
    size: int = 0
    events: int = 0
    tail: bytes = b""
    is_kept: bool = False

    def add(self, seconds: float, data: bytes) -> None:
        """Keep a piece; its blank lines are counted, which may be cut anywhere between two."""
        self.arrivals.append((seconds, data))
        self.size += len(data)
        text = self.tail + data
        end = 0
        for match in _BLANK_LINE.finditer(text):
            self.events += 1
            end = match.end()
        self.tail = text[max(end, len(text) - _BLANK_LONGEST + 1) :]

    def excess(self, caps: Caps) -> str | None:
        """What there is more of than *caps* allow."""
        if self.size > caps.body_bytes:
            return f"more than {caps.body_bytes} bytes came"
        return f"more than {caps.events} events came" if self.events > caps.events else None

    def exchange(
        self,
        request: Request,
        fault: str | None,
        detail: str,
        *,
        caps: Caps,
        clock: Callable[[], float],
    ) -> Exchange:
        """The exchange that this reading, which is at its end, has come to."""
        seconds = clock() - self.started
        if not self.status:
            return Exchange(request, None, fault, detail, seconds)
        body = b"".join(data for _, data in self.arrivals)
        arrivals = tuple(self.arrivals)
        coding = content_coding.coding(self.fields)
        if coding and fault is None:
            body, fault, detail = _unpack(body, coding, caps.body_bytes)
            arrivals = ()
        response = Response(self.status, self.fields, body, arrivals)
        return Exchange(request, response, fault, detail, seconds)


class Sender(Protocol):
    """What requests go through: to a server, or to an application in process."""

    async def send(
        self, request: Request, *, fresh: bool = False, hang_up_after: int | None = None
    ) -> Exchange:
        """Send *request*, and read the answer; as `Transport.send`."""


@dataclass(eq=False)
class Transport:
    """A pooled HTTP/1.1 client for one origin.

    *clock* is monotonic seconds.  Use it as an async context manager; `send` never raises for
    anything that the server does.
    """

    url: str
    caps: Caps
    clock: Callable[[], float]
    insecure: bool = False
    trust_env: bool = False
    connections: int = 8
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")

    async def __aenter__(self) -> Transport:
        self._session = self._new_session(force_close=False)
        return self

    async def __aexit__(self, *fault: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, request: Request, *, fresh: bool = False, hang_up_after: int | None = None
    ) -> Exchange:
        """Send *request*, its target appended to the base URL, and read the answer under caps.

        *fresh* uses a connection of its own.  *hang_up_after* closes the connection after so many
        pieces of the body have come: a client that goes away.
        """
        assert self._session is not None, "use the transport as a context manager"
        session = self._new_session(force_close=True) if fresh else self._session
        reading = Reading(self.clock())
        try:
            async with asyncio.timeout(self.caps.seconds):
                fault, detail = await self._exchange(session, request, reading, hang_up_after)
        except TimeoutError:
            fault, detail = "timeout", f"no complete answer within {self.caps.seconds:g} s"
        finally:
            if fresh:
                await session.close()
        if fault in _STALE and reading.is_kept and not reading.status:
            # RFC 9112 §9.3.1: a connection that was kept may be closed at any time, also while a
            # request is on its way
            return await self.send(request, fresh=True, hang_up_after=hang_up_after)
        return reading.exchange(request, fault, detail, caps=self.caps, clock=self.clock)

    def _new_session(self, *, force_close: bool) -> aiohttp.ClientSession:
        tls: ssl.SSLContext | bool = not self.insecure
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_note_kept)
        return aiohttp.ClientSession(
            trace_configs=[tracing],
            connector=aiohttp.TCPConnector(
                limit=self.connections, ssl=tls, force_close=force_close
            ),
            auto_decompress=False,
            trust_env=self.trust_env,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.caps.connect),
            max_line_size=self.caps.head_bytes,
            max_field_size=self.caps.head_bytes,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        reading: Reading,
        hang_up_after: int | None,
    ) -> tuple[str | None, str]:
        try:
            async with session.request(
                request.method,
                URL(url_of(self.url, request.target), encoded=True),
                headers=list(request.fields),
                data=request.body or None,
                allow_redirects=False,
                trace_request_ctx=reading,
                # an event of one endless line is read in pieces, not as a line
                read_bufsize=_CHUNK,
            ) as answer:
                reading.status = answer.status
                reading.fields = tuple(
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in answer.raw_headers
                )
                return await self._read(answer, reading, hang_up_after)
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as fault:
            word, detail = _classify(fault, answered=reading.status != 0)
            # RFC 9110 §9.3.2: what follows that head is read as another one
            may_be_content = word == "not-http" and request.method == "HEAD"
            return word, f"{detail}, or has content, as none to HEAD may" * may_be_content or detail

    async def _read(
        self, answer: aiohttp.ClientResponse, reading: Reading, hang_up_after: int | None
    ) -> tuple[str | None, str]:
        while True:
            try:
                async with asyncio.timeout(self.caps.idle):
                    data = await answer.content.readany()
            except TimeoutError:
                return "stalled", f"nothing came for {self.caps.idle:g} s inside the answer"
            if not data:
                return None, ""
            reading.add(self.clock() - reading.started, data)
            excess = reading.excess(self.caps)
            if excess is not None:
                answer.close()
                return "endless", excess
            if hang_up_after is not None and len(reading.arrivals) >= hang_up_after:
                answer.close()
                return None, ""


async def _note_kept(session: aiohttp.ClientSession, context: Any, params: object) -> None:
    """Note in the reading of a request that it goes over a connection that was kept."""
    context.trace_request_ctx.is_kept = True


#: What a connection shows that its server has closed meanwhile.
_STALE = ("empty-reply", "reset")
#: The word and the sentence for what aiohttp raises; most special first: its tree is deep.
_FAULTS: tuple[tuple[type[BaseException], str, str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "tls", "its certificate is not accepted"),
    (aiohttp.ClientSSLError, "tls", "the TLS handshake failed"),
    (aiohttp.ConnectionTimeoutError, "unreachable", "the connection timed out"),
    (aiohttp.ClientConnectorDNSError, "unreachable", "the host name is not known"),
    (aiohttp.ClientConnectorError, "unreachable", "the connection was refused"),
    (aiohttp.ServerDisconnectedError, "empty-reply", "the connection was closed unanswered"),
    (aiohttp.ServerTimeoutError, "timeout", "it did not answer in time"),
    (aiohttp.ClientPayloadError, "truncated", "the body ended before its framing said so"),
    (aiohttp.ClientResponseError, "not-http", "what came back is not an HTTP response"),
    (aiohttp.ClientOSError, "reset", "the connection was reset"),
    (aiohttp.InvalidURL, "unreachable", "the URL is not valid"),
    (ConnectionError, "reset", "the connection was reset"),
)


def _classify(fault: BaseException, *, answered: bool) -> tuple[str, str]:
    """The fault word for what aiohttp raised; never its text, which may hold the URL's secrets."""
    for kind, word, detail in _FAULTS:
        if isinstance(fault, kind):
            if word == "unreachable" and isinstance(fault, aiohttp.ClientConnectorError):
                # asyncio puts the address into strerror; the number says it better
                number = fault.os_error.errno or 0
                named = os.strerror(number) if number > 0 else fault.os_error.strerror
                detail = (named or detail).lower()
            return word, detail
    word = "truncated" if answered else "not-http"
    return word, f"the answer broke off ({type(fault).__name__})"


def _unpack(body: bytes, coding: str, most: int) -> tuple[bytes, str | None, str]:
    """Unpack gzip or deflate content under a cap; we never asked for any coding."""
    if coding not in content_coding.CODINGS:
        return body, "framing", f"the content is coded as {coding!r}, which was not asked for"
    try:
        return content_coding.unpack(body, coding, most=most), None, ""
    except content_coding.BadCoding as bad:
        return bad.data, bad.reason, bad.why
