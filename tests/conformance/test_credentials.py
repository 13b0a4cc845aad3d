"""Who gives the credential of a run, when it is asked for anew, and what a hook may do."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

import troth
from servers.bookcase import DOCUMENT, Shelves
from servers.wire import Answer, Asked, Server
from troth.cli.given_values import given
from troth.conformance import hooks
from troth.conformance.cases import subjects
from troth.conformance.cases.protocol_cases import smallest_case
from troth.conformance.credentials import Credentials, NoToken
from troth.conformance.events import Event, Exchanged, Finished
from troth.conformance.launch import launch
from troth.conformance.redaction import MARK
from troth.conformance.settings import OAuth, Settings

CONTRACT = troth.load(json.dumps(DOCUMENT).encode())
QUICK: dict[str, Any] = {"phases": ("examples", "protocol"), "only": ("listShelves", "addShelf")}


class Rotating:
    """Takes each token for so many requests; gives another at /token, to one client."""

    def __init__(self, *, lasts: int, seconds: int | None = None, basic: bool = True) -> None:
        self.shelves = Shelves(token="token-number-0")
        self.lasts, self.seconds, self.basic = lasts, seconds, basic
        self.given = 0
        self.left = 0
        self.asked: list[dict[str, list[str]]] = []

    def renew(self) -> str:
        self.given += 1
        self.left = self.lasts
        self.shelves.token = f"token-number-{self.given}"
        return self.shelves.token

    def __call__(self, asked: Asked) -> Answer:
        if asked.target == "/token":
            return self.token(asked)
        if f"Bearer {self.shelves.token}" == asked.fields.get("authorization"):
            self.left -= 1
            if self.left < 0:
                self.shelves.token = "nobody's"
        return self.shelves(asked)

    def token(self, asked: Asked) -> Answer:
        form = parse_qs(asked.body.decode())
        pair = asked.fields.get("authorization", "").partition(" ")[2]
        who = b64decode(pair).decode().split(":") if pair else []
        inside = [form.get(name, [""])[0] for name in ("client_id", "client_secret")]
        answer: dict[str, Any] = {"error": "invalid_client", "error_description": "who is that?"}
        status = 401
        if (who if self.basic else inside) == ["me", "s3cret-of-mine"]:
            status, answer = 200, {"access_token": self.renew(), "token_type": "Bearer"}
            answer |= {"expires_in": self.seconds} if self.seconds else {}
            self.asked.append(form)
        return Answer(status, {"Content-Type": "application/json"}, [json.dumps(answer).encode()])


def run(handler: Any, **settings: Any) -> tuple[Finished, list[Event]]:
    events: list[Event] = []
    with Server(handler) as server:
        given = Settings(url=server.url, **{**QUICK, **settings})
        if given.oauth is not None and not given.oauth.token_url:
            given = replace(given, oauth=replace(given.oauth, token_url=f"{server.url}/token"))
        finished, _ = launch(CONTRACT, given, tell=events.append)
    return finished, events


def command(text: str) -> str:
    return shlex.join([sys.executable, "-c", text])


ME = OAuth("me", "s3cret-of-mine", "", ("read", "write"))


@pytest.mark.parametrize("basic", [True, False])
def test_client_credentials_get_a_token(basic: bool) -> None:
    server = Rotating(lasts=10_000, basic=basic)
    finished, events = run(server, oauth=ME)
    assert (finished.verdict, server.given) == ("conforms", 1)
    assert server.asked[0]["scope"] == ["read write"]
    told = repr(events)
    assert ("token-number" in told, "s3cret" in told, MARK in told) == (False, False, True)


def test_an_application_in_process_is_asked_for_its_token_there() -> None:
    server, targets = Rotating(lasts=10_000), list[str]()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        fields = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith(("HTTP_", "CONTENT_"))
        }
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        target = path.removeprefix("/api") + (f"?{query}" if query else "")
        targets.append(path)
        asked = Asked(environ["REQUEST_METHOD"], target, fields, environ["wsgi.input"].read(size))
        answer = server(asked)
        start_response(f"{answer.status} It", list(answer.fields.items()))
        return answer.pieces

    settings = Settings(
        url="http://localhost/api",
        application=application,
        oauth=replace(ME, token_url="http://localhost/token"),
        **QUICK,
    )
    finished, _ = launch(CONTRACT, settings, tell=lambda event: None)
    assert (finished.verdict, server.given, targets[0]) == ("conforms", 1, "/token")


def test_a_token_that_is_good_no_more_is_asked_for_anew() -> None:
    server = Rotating(lasts=20)
    finished, events = run(server, oauth=ME)
    assert finished.verdict == "conforms"
    assert server.given >= 3
    assert "token-number" not in repr(events)


def test_a_token_is_asked_for_before_it_expires() -> None:
    server = Rotating(lasts=10_000, seconds=100)
    seconds = [0.0]

    async def post(origin: str, request: troth.Request) -> troth.Exchange:
        answer = server.token(Asked("POST", "/token", _lower(request), request.body))
        return troth.Exchange(request, troth.Response(answer.status, (), answer.pieces[0]))

    settings = Settings(url="http://127.0.0.1:1", oauth=replace(ME, token_url="http://h/token"))
    credentials = Credentials(CONTRACT, settings, clock=lambda: seconds[0], post=post)
    case = smallest_case(subjects(CONTRACT)[0])

    async def sent(at: float) -> str | None:
        seconds[0] = at
        return (await credentials.addressed(case)).field("Authorization")

    async def go() -> list[str | None]:
        await credentials.begin()
        return [await sent(at) for at in (1.0, 79.0, 81.0, 160.0)]

    assert asyncio.run(go()) == [
        *("Bearer token-number-1", "Bearer token-number-1"),
        *("Bearer token-number-2", "Bearer token-number-2"),
    ]


def _lower(request: troth.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.fields}


def test_one_that_is_never_taken_is_not_asked_for_again() -> None:
    server = Rotating(lasts=0)
    finished, _ = run(server, oauth=ME)
    assert finished.verdict in ("inconclusive", "violations")
    assert server.given <= 3


def test_a_command_prints_the_token() -> None:
    shelves = Shelves(token="from-the-command")
    finished, events = run(shelves, auth_command=command("print('from-the-command')"))
    assert finished.verdict == "conforms"
    assert "from-the-command" not in repr(events)


@pytest.mark.parametrize(
    "printed",
    ['{"access_token": "abc-def", "expires_in": 60}', "Bearer abc-def", '{"token":"abc-def"}'],
)
def test_what_a_command_prints_may_be_an_answer_of_oauth(printed: str) -> None:
    finished, _ = run(Shelves(token="abc-def"), auth_command=command(f"print({printed!r})"))
    assert finished.verdict == "conforms"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            command("import sys; sys.exit('no such user')"),
            "--auth-command: it ended with 1: no such user",
        ),
        (command(""), "--auth-command: it printed nothing"),
        (
            command("print('two'); print('lines')"),
            "--auth-command: it is to print the token alone, on one line, "
            "or JSON with an access_token",
        ),
        (
            command("print('{\"error\": 1}')"),
            "--auth-command: there is no access_token in the JSON, which has error",
        ),
    ],
)
def test_a_command_that_gives_no_token_ends_the_run(line: str, said: str) -> None:
    with pytest.raises(NoToken) as caught:
        run(Shelves(), auth_command=line)
    assert (str(caught.value), caught.value.exit_code) == (said, 3)


def test_a_client_that_nobody_knows_is_told_the_servers_words() -> None:
    with pytest.raises(NoToken, match=r"gives no token: invalid_client: who is that\? \(401\)"):
        run(Rotating(lasts=1), oauth=replace(ME, client_secret="wrong"))


def test_a_server_that_repeats_what_it_was_sent_tells_nobody_the_secret() -> None:
    def echo(asked: Asked) -> Answer:
        sent = f"{asked.fields.get('authorization')} {asked.body.decode()}"
        body = json.dumps({"error": "invalid_client", "error_description": sent}).encode()
        return Answer(400, {"Content-Type": "application/json"}, [body])

    with pytest.raises(NoToken, match="grant_type=client_credentials") as told:
        run(echo, oauth=ME)
    coded = b64encode(b"me:s3cret-of-mine").decode()
    assert [each for each in ("s3cret-of-mine", coded) if each in str(told.value)] == []


# -- a field of the user's that is a credential ---------------------------------------------------


def test_a_field_with_the_credential_is_left_out_where_the_request_is_to_have_none() -> None:
    shelves = Shelves(token="in-a-field")
    finished, _ = run(shelves, fields=(("Authorization", "Bearer in-a-field"),))
    assert finished.verdict == "conforms"
    assert 401 in {status for *_, status in shelves.seen}


def test_a_field_that_another_alternative_asks_for_comes_with_a_good_one() -> None:
    # frameworks write two dependencies of one operation as alternatives, and want both
    keys = {name: {"type": "apiKey", "in": "header", "name": name} for name in ("X-Key", "X-Csrf")}
    root: dict[str, Any] = {
        **DOCUMENT,
        "security": [{"X-Key": []}, {"X-Csrf": []}],
        "components": {**DOCUMENT["components"], "securitySchemes": keys},
    }
    shelves, seen = Shelves(), set[tuple[bool, bool, int]]()

    def strict(asked: Asked) -> Answer:
        key, other = (asked.fields.get(name) for name in ("x-key", "x-csrf"))
        is_good = (key, other) == ("mine", "yours")
        fields = {**asked.fields, "authorization": "Bearer the-good-token" if is_good else ""}
        answer = shelves(replace(asked, fields=fields))
        seen.add((key == "mine", other == "yours", answer.status))
        return answer

    with Server(strict) as server:
        given = Settings(url=server.url, token="mine", fields=(("X-Csrf", "yours"),), **QUICK)
        finished, _ = launch(troth.load(json.dumps(root).encode()), given, tell=lambda event: None)
    assert finished.verdict == "conforms"
    assert (False, True, 401) not in seen
    assert {(True, True, 201), (False, False, 401)} <= seen


def test_a_field_that_is_a_parameter_is_not_put_where_the_request_is_about_it() -> None:
    seen: set[str | None] = set()

    def strict(asked: Asked) -> Answer:
        org = asked.fields.get("x-org")
        seen.add(org)
        status = 200 if org and re.fullmatch("[a-z]{2,8}", org) else 400
        return Answer(status, {"Content-Type": "application/json"}, [b"{}"])

    content = {"application/json": {"schema": {"type": "object"}}}
    org = {
        "name": "X-Org",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z]{2,8}$"},
    }
    responses = {
        status: {"description": "it", "content": content} for status in ("200", "400", "405")
    }
    root = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/it": {"get": {"parameters": [org], "responses": responses}}},
    }
    contract = troth.load(json.dumps(root).encode())
    fields = (("X-Org", "acme"),)
    events: list[Event] = []
    with Server(strict) as server:
        settings = Settings(
            url=server.url,
            fields=fields,
            values=given(contract, model=None, pairs=(), file=None, fields=fields),
            phases=("boundary",),
            max_requests=40,
        )
        finished, _ = launch(contract, settings, tell=events.append)
    assert (finished.verdict, finished.findings) == ("conforms", 0)
    assert {None, "", "acme"} < seen
    told = [
        value
        for event in events
        if isinstance(event, Exchanged)
        for name, value in event.exchange.request.fields
        if name == "X-Org"
    ]
    # what was made up is shown, and the user's own is not
    assert (MARK in told, "acme" in told, len(set(told)) > 2) == (True, False, True)


# -- hooks ----------------------------------------------------------------------------------------


def hook(folder: Path, text: str) -> str:
    file = folder / "hook.py"
    file.write_text(text)
    return str(file)


def test_a_hook_changes_every_request(tmp_path: Path) -> None:
    file = hook(
        tmp_path,
        "from dataclasses import replace\n"
        "def before_request(request, sending):\n"
        "    fields = (*request.fields, ('X-Signed', sending.operation))\n"
        "    return replace(request, fields=fields)\n",
    )
    finished, events = run(Shelves(), token="the-good-token", hook=file)
    sent = [one for one in events if isinstance(one, Exchanged) and one.operation]
    assert finished.verdict == "conforms"
    assert [one.exchange.request.field("X-Signed") for one in sent] == [
        one.operation for one in sent
    ]


def test_a_hook_gives_the_token_and_cannot_open_the_door_for_those_without(tmp_path: Path) -> None:
    file = hook(
        tmp_path,
        "from dataclasses import replace\n"
        "async def token():\n"
        "    return 'of-the-hook', 3600\n"
        "def before_request(request, sending):\n"
        "    rest = tuple(pair for pair in request.fields if pair[0] != 'Authorization')\n"
        "    fields = (*rest, ('Authorization', f'Bearer {sending.token}'))\n"
        "    return replace(request, fields=fields)\n",
    )
    shelves = Shelves(token="of-the-hook")
    finished, events = run(shelves, hook=file)
    assert finished.verdict == "conforms"
    assert 401 in {status for *_, status in shelves.seen}
    assert "of-the-hook" not in repr(events)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def before(request): pass\n", ": it defines neither before_request nor token"),
        ("def befor_request(request): pass\n", "did you mean 'before_request'?"),
        ("token = 7\n", ": token is a int, not a function"),
        ("x = \n", ":1: not Python: invalid syntax"),
        ("import json\n\nx = json.nothing\n", ":3: AttributeError: module 'json' has no"),
        ("import no_such_library\n", ":1: ModuleNotFoundError: No module named 'no_such_library'"),
    ],
)
def test_a_hook_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(hooks.BadHook) as caught:
        hooks.load(hook(tmp_path, text))
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["no/such.py", "no_such_module", "json.nothing"])
def test_a_hook_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(hooks.BadHook, match="there is no such"):
        hooks.load(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def before_request(request):\n    return 1 / 0\n", ":2: before_request raised Zero"),
        ("def before_request(request):\n    return {}\n", "before_request gave a dict; it gives"),
        (
            "from dataclasses import replace\n"
            "def before_request(request):\n    return replace(request, body='x')\n",
            "before_request gave a request whose body is a str",
        ),
    ],
)
def test_a_hook_that_goes_wrong_ends_the_run_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    finished, _ = run(Shelves(), hook=hook(tmp_path, text))
    assert finished.verdict == "inconclusive"
    assert said in finished.reason
