"""The credential of a run: who gives it, when it is asked for anew, and how a request gets it.

A token comes from the user once, or from a command, a hook or an OAuth 2 server: at the start,
again before it expires, and again when one that was taken is refused with 401.  Whatever token
there is has been told to the redaction before it is sent.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

from troth.conformance.cases.case import Case, addressed, readable
from troth.conformance.hooks import Hook, Sending, load
from troth.conformance.redaction import Redactor
from troth.conformance.settings import Caps, OAuth, Settings
from troth.errors import TrothError
from troth.generation.request_writer import BASIC_CREDENTIAL, CREDENTIAL
from troth.http import json_text
from troth.http.exchange import Exchange, Request, without
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.validation.security import check_security, http_scheme

if TYPE_CHECKING:
    from troth.conformance.transport import Sender

#: Seconds that a command has to print a token.
_PATIENCE = 60.0
#: A token is asked for anew so many seconds before it expires, or after this share of its time.
_MARGIN = 30.0
_SHARE = 0.8
#: What of a command's complaints is told.
_MOST = 400
# RFC 9110 §5.5: what the value of a field may hold
_TOKEN = re.compile(r"[^\x00-\x20\x7f]+")


class NoToken(TrothError):
    """There is no credential: whoever gives it did not; *who* is the option."""

    exit_code = 3

    who: str
    why: str

    def __str__(self) -> str:
        return f"--{self.who}: {self.why}"


@dataclass(frozen=True, slots=True)
class Token:
    """A credential, and the *seconds* that it is good for, where that is said."""

    text: str
    seconds: float | None = None


#: Gives a token when it is asked.  Raises NoToken or BadHook.
Grant = Callable[[], Awaitable[Token]]
#: Sends a request to a URL, which is not that of the server under test.
Post = Callable[[str, Request], Awaitable[Exchange]]


class Credentials:
    """What every request of a run gets: the token as it is now, the user's fields, a hook's work.

    *clock* is monotonic seconds.  *learn* is told each token before it is used; *post* reaches an
    OAuth 2 server.
    """

    def __init__(
        self,
        contract: Contract,
        settings: Settings,
        *,
        clock: Callable[[], float],
        learn: Callable[[str], None] = lambda secret: None,
        post: Post | None = None,
    ) -> None:
        self.token = settings.token
        self._contract = contract
        self._settings = settings
        self._clock = clock
        self._learn = learn
        self._hook = load(settings.hook) if settings.hook else None
        self._grant = _grant_of(settings, self._hook, post)
        self._due: float | None = None
        self._is_asking = asyncio.Lock()
        self._is_good = False
        self._refusing: set[str] = set()
        self._fields = _secured_fields(contract)

    async def begin(self) -> None:
        """Get the first token.  Raises NoToken or BadHook."""
        if self._grant is not None:
            await self._renew(self.token)

    async def _renew(self, old: str | None) -> None:
        async with self._is_asking:
            if self._grant is None or self.token != old:
                return  # another worker was quicker
            given = await self._grant()
            self._learn(given.text)
            self.token, self._due, self._is_good = given.text, None, False
            if given.seconds is not None:
                good = max(given.seconds - _MARGIN, given.seconds * _SHARE)
                self._due = self._clock() + good

    # -- requests -----------------------------------------------------------------------------

    async def addressed(self, case: Case) -> Request:
        """The request of *case* as it goes out.  Raises NoToken or BadHook."""
        if self._due is not None and self._clock() >= self._due:
            await self._renew(self.token)
        request, operation = case.request, self._contract.find_operation(case.operation)
        asks = operation is not None and operation.security and all(operation.security)
        spared = frozenset(
            name for name in self._fields if asks and not self._is_whole(request, name)
        )
        if operation is not None and asks and self._is_good_for(operation, request, spared):
            spared = frozenset()  # what another alternative asks for may come with it
        settings = replace(self._settings, token=self.token)
        sent = addressed(request, settings, spared=spared | _parameters(operation))
        if self._hook is None:
            return sent
        sending = Sending(
            operation=case.operation,
            phase=case.phase,
            case=case.id,
            about=case.about,
            authenticated=not spared,
            token=self.token,
        )
        changed = await self._hook.changed(sent, sending)
        kept = tuple(pair for pair in sent.fields if pair[0].lower() in spared)
        return replace(changed, fields=(*without(changed.fields, spared), *kept))

    async def is_stale(self, case: Case, exchange: Exchange, *, used: str | None) -> bool:
        """Whether *exchange* shows that the token *used* is good no more, and there is another."""
        response = exchange.response
        if response is None or not _carries(case.request):
            return False
        if response.status < 400 and self.token == used:
            self._is_good = True
            self._refusing.discard(case.operation)
        operation = self._contract.find_operation(case.operation)
        if response.status != 401 or self._grant is None or operation is None:
            return False
        if check_security(operation, readable(case.request)):
            return False
        if self.token != used:
            return True
        if not self._is_good or operation.name in self._refusing:
            return False
        # what was taken before is refused: once more with another, and then it has its way
        self._refusing.add(operation.name)
        await self._renew(used)
        return True

    def _is_good_for(self, operation: Operation, request: Request, spared: frozenset[str]) -> bool:
        """Whether *request* is to be let in, and nothing of it is left out or spoiled for that."""
        is_spoiled = any(name.lower() in spared for name, _ in request.fields)
        return (
            not is_spoiled
            and _carries(request)
            and not check_security(operation, readable(request))
        )

    def _is_whole(self, request: Request, name: str) -> bool:
        """Whether *request* has the credential in its field *name* as a good one stands there."""
        value = request.field(name) or ""
        if name == "cookie":
            return CREDENTIAL in value
        scheme, _, credential = value.rpartition(" ")
        if name == "authorization" and scheme.lower() not in self._fields[name]:
            return False
        return credential in _MARKS


_MARKS = (CREDENTIAL, BASIC_CREDENTIAL)


def _carries(request: Request) -> bool:
    values = (value for _, value in request.fields)
    return CREDENTIAL in request.target or any(mark in value for value in values for mark in _MARKS)


def _parameters(operation: Operation | None) -> frozenset[str]:
    """The header fields that are parameters of *operation*: what stands there was laid out."""
    declared = operation.parameters if operation is not None else ()
    return frozenset(each.name.lower() for each in declared if each.location == "header")


def _secured_fields(contract: Contract) -> dict[str, set[str]]:
    """The header fields in which the document's security schemes stand, with the schemes' names."""
    found: dict[str, set[str]] = {}
    for operation in contract.operations:
        for scheme in (each for schemes in operation.security for each in schemes):
            name = http_scheme(scheme)
            if name is not None:
                found.setdefault("authorization", set()).add(name)
            elif scheme.location == "header":
                # a key alone, or behind the word that the document has for it
                found.setdefault(scheme.parameter.lower(), set()).add(scheme.scheme.lower())
            elif scheme.location == "cookie":
                found.setdefault("cookie", set())
    return found


# -- who gives a token ----------------------------------------------------------------------------


def _grant_of(settings: Settings, hook: Hook | None, post: Post | None) -> Grant | None:
    command, oauth = settings.auth_command, settings.oauth
    if command is not None:
        return lambda: _of_command(command, url=settings.url)
    if oauth is not None and post is not None:
        return lambda: _of_server(oauth, post)
    if hook is not None and hook.token is not None:
        return lambda: _of_hook(hook)
    return None


async def _of_command(command: str, *, url: str) -> Token:
    """What the shell command *command* prints: a token, or an OAuth 2 answer with one."""
    try:
        ran = await asyncio.to_thread(
            subprocess.run,
            command,
            shell=True,  # it is the user's own line, pipes and all
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            env={**os.environ, "TROTH_URL": url},
        )
    except subprocess.TimeoutExpired:
        raise NoToken("auth-command", f"it printed nothing for {_PATIENCE:g} s") from None
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip()[-_MOST:]
        why = f"it ended with {ran.returncode}" + (f": {said}" if said else " and said nothing")
        raise NoToken("auth-command", why)
    text = ran.stdout.decode("utf-8", "replace").strip()
    if not text:
        raise NoToken("auth-command", "it printed nothing")
    return _of_text(text, "auth-command")


def _of_text(text: str, who: str) -> Token:
    if text.startswith("{"):
        try:
            answer = json.loads(text)
        except ValueError:
            raise NoToken(who, "what it printed begins as JSON and is none") from None
        return _of_answer(answer, who)
    text = re.sub("^bearer +", "", text, flags=re.IGNORECASE)
    # nothing of it is shown: it may well be a secret
    if not _TOKEN.fullmatch(text):
        why = "it is to print the token alone, on one line, or JSON with an access_token"
        raise NoToken(who, why)
    return Token(text)


def _of_answer(answer: Any, who: str) -> Token:
    """The token in an answer of RFC 6749 §5.1, or in what resembles one."""
    held = answer if isinstance(answer, dict) else {}
    text = next(
        (held[name] for name in ("access_token", "token", "id_token") if held.get(name)), ""
    )
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        names = ", ".join(sorted(map(str, held))[:8]) or "nothing"
        raise NoToken(who, f"there is no access_token in the JSON, which has {names}")
    seconds = held.get("expires_in")
    if isinstance(seconds, str) and seconds.isdigit():
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        return Token(text)
    return Token(text, float(seconds))


async def _of_hook(hook: Hook) -> Token:
    assert hook.token is not None
    given = await hook.call(hook.token)
    text, seconds = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        why = f"token in {hook.name} is to give a text, or a text and seconds"
        raise NoToken("hook", why)
    return Token(text, float(seconds) if isinstance(seconds, (int, float)) else None)


async def _of_server(oauth: OAuth, post: Post) -> Token:
    """A token for client credentials (RFC 6749 §4.4), by Basic and else in the body (§2.3.1)."""
    form = {"grant_type": "client_credentials"}
    form |= {"scope": " ".join(oauth.scopes)} if oauth.scopes else {}
    pair = f"{quote_plus(oauth.client_id)}:{quote_plus(oauth.client_secret)}"
    basic = ("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
    inside = {**form, "client_id": oauth.client_id, "client_secret": oauth.client_secret}
    exchange = await _asked(oauth, post, form, basic)
    if exchange.response is not None and exchange.response.status in (400, 401):
        again = await _asked(oauth, post, inside)
        if again.response is not None and again.response.status < 300:
            exchange = again
    response, url = exchange.response, oauth.token_url
    if response is None:
        raise NoToken("oauth-token-url", f"{url} cannot be asked: {exchange.fault_detail}")
    answer = json_text.value_of(response.body)
    if response.status >= 300:
        said = answer if isinstance(answer, dict) else {}
        words = [str(said[name]) for name in ("error", "error_description") if said.get(name)]
        redactor = Redactor([oauth.client_secret, basic[1].partition(" ")[2]])
        words = [redactor.text(word) for word in words]
        why = f"{url} gives no token: {': '.join(words)[:_MOST] or response.status}"
        raise NoToken("oauth-client-id", f"{why} ({response.status})" if words else why)
    return _of_answer(answer, "oauth-token-url")


async def _asked(
    oauth: OAuth, post: Post, form: dict[str, str], *fields: tuple[str, str]
) -> Exchange:
    parts = urlsplit(oauth.token_url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("User-Agent", "troth"),
    )
    request = Request("POST", target, (*own, *fields), urlencode(form).encode())
    return await post(f"{parts.scheme}://{parts.netloc}", request)


def poster(settings: Settings, sender: Sender, *, clock: Callable[[], float]) -> Post:
    """What reaches an OAuth 2 server, as *sender* reaches the server under test.

    One that is part of an application in process is asked there.
    """

    async def post(origin: str, request: Request) -> Exchange:
        from troth.conformance.in_process import Application
        from troth.conformance.transport import Transport

        if isinstance(sender, Application) and urlsplit(sender.url)[:2] == urlsplit(origin)[:2]:
            return await sender.at(origin).send(request)
        transport = Transport(
            origin,
            caps=Caps(),
            clock=clock,
            insecure=settings.insecure,
            trust_env=settings.trust_env,
        )
        async with transport:
            return await transport.send(request, fresh=True)

    return post
