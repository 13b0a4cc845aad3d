"""The inspector on a socket: who may look and who may drive, its pages, and what is followed live.

A page of another origin may neither read nor drive it, whichever way it tries: by a name of its own
that leads here (Host), by a request that its script or a form sends (Origin, Sec-Fetch-Site).  None
of these answers has a field of CORS.  Without a token only this machine is let in.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth_mock.inspector import page_files
from troth_mock.inspector.journal import Entry, Journal, What
from troth_mock.reply import End, Reply
from troth_mock.responding.problems import Problem
from troth_mock.server.connection import Connection
from troth_mock.server.guards import Hosts, is_address, is_loopback, path_of, token_problem
from troth_mock.server.heads import Delivery, RequestHead, ResponseHeads, framed
from troth_mock.server.pages import RESET, base_path, url_of

if TYPE_CHECKING:  # loaded when somebody first looks: they are slow, and most runs do without
    from troth_mock.inspector.api import ControlApi, Following, Mock, Steps
    from troth_mock.server.application import App

#: Where the mock's own pages are, but for those that every server has.
OWN = "/_troth/"
_API, _METRICS, _FEED = OWN + "api/", OWN + "metrics", OWN + "events"
#: The operation of the API that tells the same, of which each answer has an end.
_EVENTS = _API + "events"
#: Seconds of silence after which a comment shows that a stream that is followed still lives.
_HEARTBEAT = 8.0
#: So many clients may follow at a time.
_MOST_FOLLOWING = 200
#: Who works for longer lets others have their turn, in seconds.
_LONGEST_STEP = 0.01
_MOST_AT_ONCE = 64 * 1024
#: So much waits for a client that is slow; then it is told that it lost something.
_MOST_WAITING = 4 * 1024 * 1024


class Inspection:
    """The inspector of one *app*, which listens on *host* and *port*."""

    def __init__(
        self, app: App, journal: Journal, heads: ResponseHeads, host: str, port: int
    ) -> None:
        self._app = app
        self._journal = journal
        self._heads = heads
        self._address = host, port
        self._feeds: set[_Feed] = set()
        self._working = asyncio.Lock()
        self._loaded: set[Callable[[], None]] = set()
        self._is_declared = _below_ours(app.contract)
        app.control.when_read.append(self._use)

    def serves(self, target: str) -> bool:
        """Whether a request to *target* is for the inspector."""
        if not target.startswith(OWN) and path_of(target) != OWN.rstrip("/"):
            return False
        path = path_of(target)
        if path == RESET or path.startswith(OWN + "session/"):
            return False
        return self._is_declared is None or self._is_declared.fullmatch(path) is None

    async def respond(
        self,
        head: RequestHead,
        content: bytes | Problem,
        connection: Connection,
        delivery: Delivery,
    ) -> End:
        """Answer a request for the inspector."""
        # no page of another origin is to read the answer
        delivery = Delivery(delivery.method, delivery.version, None, delivery.keep_alive)
        if isinstance(content, Problem):
            reply: Reply | Following = content.reply()
        else:
            request = head.request(content)
            problem = self._guarded(request, connection)
            if problem is None:
                await self._load(path_of(request.target))
            asked = self._reply(request) if problem is None else problem.reply()
            if isinstance(asked, Generator):
                # one at a time: several that work in turns would take all turns
                async with self._working:
                    reply = await _in_turns(asked)
            else:
                reply = asked
            if not isinstance(reply, Reply) and len(self._feeds) >= _MOST_FOLLOWING:
                many = f"{_MOST_FOLLOWING} clients follow already"
                reply = Problem(503, many, "too_many_clients").reply()
        if isinstance(reply, Reply):
            connection.send(self._heads.whole(reply, delivery))
        else:
            await self._follow(reply, connection, delivery)
        return "complete"

    def stop(self) -> None:
        """End what is followed."""
        for feed in tuple(self._feeds):
            feed.close()

    # -- who may ------------------------------------------------------------------------------

    def _guarded(self, request: Request, connection: Connection) -> Problem | None:
        """Why *request* is not answered, or None."""
        return self._of_other_site(request) or self._of_stranger(request, connection)

    def _of_other_site(self, request: Request) -> Problem | None:
        host = request.field("host") or ""
        settings = self._app.settings
        bound, named = settings.hosts.bound, settings.hosts.allowed
        # whatever the API itself may be called: a name that leads here may be anybody's
        own = Hosts("127.0.0.1", (*(name for name in named if name != "*"), bound))
        # an address is nobody's to point here; who may come by it is another question
        is_name = not is_address(host)
        if settings.control_token is None and is_name and not own.accepts(host):
            message = f"the inspector does not answer as {host[:200]!r}: --allow-host adds a name"
            return Problem(421, message, "misdirected_request")
        origin, site = request.field("origin"), request.field("sec-fetch-site")
        is_followed = request.method in ("GET", "HEAD") and (
            request.field("sec-fetch-mode") == "navigate"
            and not path_of(request.target).startswith((_API, _METRICS, _FEED))
        )
        is_own = origin is None or origin.partition("://")[2].lower() == host.lower()
        if not is_own or (site not in (None, "same-origin", "none") and not is_followed):
            return Problem(403, "no other site may look here, or drive the mock", "other_site")
        return None

    def _of_stranger(self, request: Request, connection: Connection) -> Problem | None:
        token = self._app.settings.control_token
        path = path_of(request.target)
        if token is not None:
            if not path.startswith(_API) and path not in (_METRICS, _FEED):
                return None  # the page asks for the token, and has nothing to hide
            return token_problem(request, token)
        peer = None if connection.wire is None else connection.wire.get_extra_info("peername")
        # a socket for both writes an address of IPv4 as one of IPv6 (RFC 4291 §2.5.5.2)
        if isinstance(peer, tuple) and not is_loopback(_plain(peer[0])):
            message = "the inspector is for this machine only: --control-token opens it to others"
            return Problem(403, message, "not_local")
        return None

    # -- what they get --------------------------------------------------------------------------

    async def _load(self, path: str) -> None:
        """Load what answers at *path*: beside the loop, for it takes a while the first time."""
        for start, load in _LOADING.items():
            if path.startswith(start) and load not in self._loaded:
                async with self._working:
                    await asyncio.to_thread(load)
                self._loaded.add(load)

    @cached_property
    def _api(self) -> ControlApi:
        from troth_mock.inspector.api import ControlApi

        return ControlApi(self._mock(), self._app.exchanges)

    def _mock(self) -> Mock:
        from troth_mock.inspector.api import Mock

        app = self._app
        url = url_of(*self._address)
        return Mock(
            *(app.contract, app.responder, app.control, self._journal),
            url=url,
            base_url=url + base_path(app.contract),
            reset=app.reset,
        )

    def _use(self, contract: Contract) -> None:
        """Speak of *contract* from now on."""
        self._is_declared = _below_ours(contract)
        if "_api" in self.__dict__:
            self._api.mock = self._mock()
            self._tell(self._api.reloaded())

    def _reply(self, request: Request) -> Reply | Following | Steps:
        path = path_of(request.target)
        if path.startswith(_API):
            return self._api.respond(request)
        if path == _FEED:
            target = request.target.replace(_FEED, _EVENTS, 1)
            told = self._api.respond(replace(request, target=target))
            return told if isinstance(told, Reply | Generator) else replace(told, seconds=None)
        if request.method not in ("GET", "HEAD"):
            allow = (("Allow", "GET, HEAD"),)
            return Problem(405, f"{path[:200]} takes GET and HEAD only", fields=allow).reply()
        if path == _METRICS:
            from troth_mock.inspector.metrics import CONTENT_TYPE, metrics

            text = metrics(self._journal, connections=self._app.connection_count)
            fields = (("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store"))
            return Reply(200, fields, text)
        if path == OWN.rstrip("/"):
            return Reply(308, (("Location", OWN),), None)
        if path in page_files.paths():
            return Reply(200, page_files.fields(path), page_files.content(path))
        return Problem(404, "the inspector has no such page", "unknown_path").reply()

    async def _follow(
        self, following: Following, connection: Connection, delivery: Delivery
    ) -> None:
        loop = asyncio.get_running_loop()
        until = None if following.seconds is None else loop.time() + following.seconds
        feed = _Feed(following.session, lost=self._api.lost)
        feed.put(following.reply.body or b"")
        if not self._feeds:
            self._journal.listeners.append(self._heard)
            self._app.control.when_changed.append(self._switched)
        self._feeds.add(feed)
        connection.send(self._heads.stream(following.reply, delivery))
        try:
            while (data := await feed.take(until)) is not None:
                connection.send(framed(data, delivery))
                pause = 0.01
                while connection.writing_paused and not feed.is_closed:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 0.5)
            connection.send(delivery.end)
        finally:
            self._feeds.discard(feed)
            if not self._feeds:
                self._journal.listeners.remove(self._heard)
                self._app.control.when_changed.remove(self._switched)

    def _heard(self, what: What, entry: Entry | None) -> None:
        """Tell who follows it what happened to *entry*; a step of a stream is new only once."""
        session = None if entry is None else entry.session
        feeds = [one for one in self._feeds if session is None or one.session in (None, session)]
        if feeds:
            data = self._api.event(what, entry)
            for feed in feeds:
                feed.put(data)

    def _switched(self) -> None:
        """Tell all that something was switched."""
        self._tell(self._api.switched())

    def _tell(self, data: bytes) -> None:
        for feed in self._feeds:
            feed.put(data)


def _load_api() -> None:
    from troth.generation import natural_values
    from troth_mock.inspector.api import control_contract

    control_contract()
    natural_values.table()  # for requests to try


def _load_metrics() -> None:
    import troth_mock.inspector.metrics  # noqa: F401 - loading it is all


#: What has to be loaded before what begins so is answered; the page asks for several at once.
_LOADING = {_API: _load_api, _FEED: _load_api, _METRICS: _load_metrics}


async def _in_turns(steps: Steps) -> Reply:
    """The answer that *steps* come to; others are served between them."""
    until = monotonic() + _LONGEST_STEP
    while True:
        try:
            next(steps)
        except StopIteration as end:
            reply: Reply = end.value
            return reply
        if monotonic() >= until:
            await asyncio.sleep(0)
            until = monotonic() + _LONGEST_STEP


def _below_ours(contract: Contract) -> re.Pattern[str] | None:
    """What the paths below ours look like that *contract* declares itself, if there are any."""
    paths = {
        base + operation.path
        for operation in contract.operations
        for base in (*operation.base_paths, "")
    }
    own = sorted(path for path in paths if path.startswith(OWN))
    texts = ("[^/]+".join(map(re.escape, re.split(r"\{[^{}]*\}", path))) for path in own)
    return re.compile("|".join(texts)) if own else None


def _plain(address: str) -> str:
    """*address* without a zone, and without the prefix of one that is mapped."""
    return address.partition("%")[0].removeprefix("::ffff:")


class _Feed:
    """What one client follows, of *session* or of all: bytes that wait for it, not too many.

    Where there were too many it hears what *lost* says of that instead.
    """

    def __init__(self, session: str | None, *, lost: Callable[[], bytes]) -> None:
        self.session = session
        self._lost = lost
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._wake: asyncio.Future[None] | None = None
        self.is_closed = False

    def put(self, data: bytes) -> None:
        """Let *data* be sent."""
        if not data:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _MOST_WAITING:
            self._waiting.clear()
            self._waiting.append(self._lost())
            self._size = len(self._waiting[0])
        self._awake()

    def close(self) -> None:
        """End it."""
        self.is_closed = True
        self._awake()

    async def take(self, until: float | None) -> bytes | None:
        """What waits, or soon will; None when it ends, at the latest at *until*."""
        loop = asyncio.get_running_loop()
        if not self._waiting and not self.is_closed:
            left = _HEARTBEAT if until is None else min(_HEARTBEAT, until - loop.time())
            if left <= 0:
                return None
            self._wake = loop.create_future()
            await asyncio.wait([self._wake], timeout=left)
            self._wake = None
        if self.is_closed:
            return None
        # not all at once: what is joined is a copy, and those that do not read are many
        parts: list[bytes] = []
        size = 0
        while self._waiting and (not parts or size + len(self._waiting[0]) <= _MOST_AT_ONCE):
            parts.append(self._waiting.popleft())
            size += len(parts[-1])
        self._size -= size
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if not data and until is not None and loop.time() >= until:
            return None
        return data or b": nothing new\n\n"

    def _awake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
