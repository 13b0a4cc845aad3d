"""The control API on a real socket: what it tells, what it can be told, and who may."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import troth
from troth import loading, testing
from troth.http.exchange import Exchange, Request, Response
from troth.lint import lint
from troth_mock.control import Control
from troth_mock.server import inspection
from troth_mock.server.application import Settings
from troth_mock.server.guards import Hosts
from troth_mock.server.serving import MockServer, serving

NOTES = """
openapi: 3.1.0
info: {title: Notes, version: '2'}
security: [{key: []}]
paths:
  /notes:
    get:
      operationId: listNotes
      responses:
        '200':
          description: All.
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Note'}}
    post:
      operationId: addNote
      description: Adds one.
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
      responses:
        '201': {$ref: '#/components/responses/One'}
  /notes/{id}:
    get:
      operationId: readNote
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {$ref: '#/components/responses/One'}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  responses:
    One:
      description: One.
      content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
  schemas:
    Note:
      type: object
      required: [text]
      properties: {id: {type: string, readOnly: true}, text: {type: string}}
"""
CONTRACT = troth.load(NOTES.encode(), name="notes.yaml")
CONTROL = loading.load(loading.control_document())
TOKEN = "sk-0123456789abcdef"


@dataclass
class Client:
    """Asks a mock, and holds what its control API answers to that API's document."""

    server: MockServer

    def ask(self, method: str, target: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        status, answer, data = self.raw(method, target, body, **fields)
        if target.startswith("/_troth/api"):
            sent = b"" if body is None else json.dumps(body).encode()
            kind = (("Content-Type", "application/json"),) if sent else ()
            exchange = Exchange(
                Request(method, target, kind, sent), Response(status, tuple(answer.items()), data)
            )
            violations = [one for one in CONTROL.validate(exchange) if one.severity != "hint"]
            # some requests here are wrong on purpose
            assert [str(one) for one in violations if "request" not in one.code] == []
        is_json = "json" in answer.get("Content-Type", "")
        return status, json.loads(data) if is_json else data.decode()

    def raw(self, method: str, target: str, body: Any = None, **fields: str | bytes) -> Any:
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        connection = HTTPConnection(host, int(port), timeout=30)
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        if body is not None:
            named = {"Content-Type": "application/json", **named}
        data = None if body is None else json.dumps(body)
        connection.request(method, target, data, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), content

    def api(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        found, answer = self.ask(method, f"/_troth/api{path}", body)
        assert (found, answer) == (status, answer)
        return answer

    def note(self, text: Any, **fields: str) -> Any:
        return self.ask("POST", "/notes", {"text": text}, Authorization=f"Bearer {TOKEN}", **fields)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    settings = Settings(grace=0.1, secrets=(TOKEN,))
    with serving(CONTRACT, settings=settings) as server:
        yield server


@pytest.fixture
def client(server: MockServer) -> Client:
    server.reset()
    return Client(server)


# -- the journal


def test_exchanges_are_listed_newest_first_and_chosen(client: Client) -> None:
    client.note("one")
    client.note(5, Troth_Session="b")
    client.ask("GET", "/nowhere")
    listed = client.api("GET", "/exchanges")["exchanges"]
    assert [(one["operation"], one["status"], one["violations"]) for one in listed] == [
        (None, 404, 0),
        ("POST /notes", 400, 1),
        ("POST /notes", 201, 0),
    ]
    assert [one["id"] for one in listed] == sorted((one["id"] for one in listed), reverse=True)
    for query, count in (
        ("limit=1", 1), ("session=b", 1), ("session=", 2), ("operation=addNote", 2),
        ("status=4xx", 2), ("status=201", 1), ("text=NOWHERE", 1), (f"after={listed[1]['id']}", 1),
        (f"before={listed[1]['id']}", 1), ("operation=nothing", 0),
        (f"text={TOKEN}", 0), ("text=filtered", 2), ("text=Bearer%20%5Bfil", 2),
    ):  # fmt: skip
        assert len(client.api("GET", f"/exchanges?{query}")["exchanges"]) == count, query
    assert client.api("GET", "/exchanges?limit=1")["more"] is True


def test_an_exchange_is_told_with_the_words_of_the_document(client: Client) -> None:
    client.note(5)
    summary = client.api("GET", "/exchanges")["exchanges"][0]
    assert summary["reason"].startswith("/text: 5 is not of type string")
    assert "notes.yaml:" in summary["reason"]
    whole = client.api("GET", f"/exchanges/{summary['id']}")
    (violation,) = whole["violations_of_request"]
    assert (violation["pointer"], violation["location"]) == ("/text", "request-body")
    assert violation["place"].startswith("notes.yaml:")
    assert whole["request"]["body"]["json"] == {"text": 5}
    assert whole["response"]["status"] == 400
    assert whole["response"]["body"]["size"] == len(whole["response"]["body"]["text"])


def test_a_request_is_copied_as_a_program_that_sends_it(client: Client) -> None:
    client.note("one")
    number = client.api("GET", "/exchanges")["exchanges"][0]["id"]
    texts = {
        language: client.api("GET", f"/exchanges/{number}/code?as={language}")
        for language in ("curl", "python", "javascript")
    }
    assert texts["curl"].startswith(f"curl -isS {client.server.url}/notes")
    assert "process.env.TROTH_TOKEN" in texts["javascript"]
    subprocess.run(
        [sys.executable, "-c", texts["python"]], env={"TROTH_TOKEN": "x"}, check=True, timeout=30,
        capture_output=True,
    )  # fmt: skip
    again, first = client.api("GET", "/exchanges")["exchanges"]
    assert (again["status"], again["target"]) == (first["status"], first["target"])


def test_no_secret_is_shown(client: Client) -> None:
    client.note(TOKEN, Cookie=f"a={TOKEN}", X_Api_Key="0123456789abcdef")
    client.ask("GET", f"/notes?api_key={TOKEN}")
    texts = [json.dumps(client.api("GET", "/exchanges"))]
    for one in json.loads(texts[0])["exchanges"]:
        texts.append(json.dumps(client.api("GET", f"/exchanges/{one['id']}")))
        texts.append(client.api("GET", f"/exchanges/{one['id']}/code"))
    assert not [text for text in texts if TOKEN in text or "0123456789abcdef" in text]


SECRETS = """
openapi: 3.1.0
info: {title: Accounts, version: '1'}
security: [{own: []}, {key: []}]
paths:
  /accounts:
    post:
      operationId: addAccount
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Account'}}}}
      responses:
        '201':
          description: It is there.
          content:
            application/json: {schema: {$ref: '#/components/schemas/Account'}}
            text/event-stream: {}
components:
  securitySchemes:
    own: {type: apiKey, in: header, name: X-Account}
    key: {type: apiKey, in: query, name: k}
  schemas:
    Account:
      type: object
      properties:
        id: {type: string}
        newPassword: {type: string, minLength: 4}
        age: {type: integer}
"""
NEARLY = """
scenarios:
  - when: {fields: {Authorization: other}}
    answer: {status: 500}
  - when: {condition: request.newPassword == '' || header.authorization == ''}
    answer: {status: 500}
  - when: {operation: addAccount, body: {/age: 7}}
    answer: {events: ['{{ header.authorization }}'], force: true}
"""


def test_nothing_that_a_client_sends_in_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / "scenes.yaml").write_text(NEARLY)
    contract = troth.load(SECRETS.encode())
    control = Control(contract)
    control.follow(tmp_path, problem=lambda *_: None, clock=lambda: 0, told=lambda _: None)
    with serving(contract, control=control) as server:
        client = Client(server)
        for target, body, fields in (
            ("/accounts?k=secret-in-query", {"newPassword": "secret-password"}, {}),
            ("/accounts", {"newPassword": "sec"}, {"X_Account": "secret-key"}),
            ("/accounts", {"age": 7}, {"X_Account": "a", "Authorization": "Bearer secret-bearer"}),
            ("/accounts", {"age": "secret-key"}, {"X_Account": "secret-key"}),
            ("/accounts", {"age": "see https://me:secret-url@a.example"}, {"X_Account": "a"}),
        ):
            client.ask("POST", target, body, **fields)
        paths = ["/exchanges", "/state", "/events?seconds=0"]
        paths += [f"/exchanges/{one['id']}" for one in client.api("GET", "/exchanges")["exchanges"]]
        paths += [f"{path}/code?as={name}" for path in paths[3:] for name in ("curl", "python")]
        told = [client.ask("GET", f"/_troth/api{path}", Last_Event_ID="0")[1] for path in paths]
    assert not [text for text in map(str, told) if "secret-" in text or "'sec'" in text]


@pytest.mark.parametrize("secret", ["a-token-nobody-named", "t"])
def test_a_credential_keeps_its_scheme_so_that_it_can_be_sent_again(
    client: Client, secret: str
) -> None:
    client.ask("GET", "/notes", Authorization=f"Bearer {secret}")
    number = client.api("GET", "/exchanges")["exchanges"][0]["id"]
    fields = client.api("GET", f"/exchanges/{number}")["request"]["fields"]
    assert {"name": "Authorization", "value": "Bearer [Filtered]"} in fields
    code = client.ask("GET", f"/_troth/api/exchanges/{number}/code?as=curl")[1]
    assert 'Authorization: Bearer $TROTH_TOKEN"' in str(code)


def test_a_session_may_stand_in_the_path(client: Client) -> None:
    key = "Bearer x"
    assert client.ask("GET", "/_troth/session/b/notes", Authorization=key)[0] == 200
    (summary,) = client.api("GET", "/exchanges?session=b")["exchanges"]
    assert summary["target"] == "/_troth/session/b/notes"
    assert (summary["operation"], summary["violations"]) == ("GET /notes", 0)


def test_no_name_of_a_session_is_cut(client: Client) -> None:
    longest = "s" * 200
    path, said = f"/_troth/session/{longest}", {"text": "x"}
    bearer = {"Authorization": "Bearer x"}
    assert client.ask("POST", f"{path}/notes", said, **bearer)[0] == 201
    for target, fields in (
        (f"{path}s/notes", {}),
        ("/notes", {"Troth-Session": f"{longest}s"}),
        ("/notes", {"Cookie": f"a=b; troth-session={longest}s"}),
        ("/_troth/reset", {"Troth-Session": f"{longest}s"}),
    ):
        status, answer = client.ask("POST", target, said, **bearer, **fields)
        assert (status, answer["error"]["code"]) == (400, "bad_session")
        assert "at most 200 characters, and this has 201" in answer["error"]["message"]
    assert {one["session"] for one in client.api("GET", "/exchanges?status=201")["exchanges"]} == {
        longest
    }


def test_exchanges_are_forgotten_by_session(client: Client) -> None:
    client.note("one")
    client.note("two", Troth_Session="b")
    client.api("DELETE", "/exchanges?session=b", status=204)
    assert [one["session"] for one in client.api("GET", "/exchanges")["exchanges"]] == [""]
    client.api("DELETE", "/exchanges", status=204)
    assert client.api("GET", "/exchanges") == {"exchanges": [], "more": False}
    client.api("GET", "/exchanges/1", status=404)


def test_what_happens_is_followed_and_taken_up_again(client: Client) -> None:
    connection = HTTPConnection(client.server.url.removeprefix("http://"), timeout=30)
    connection.request("GET", "/_troth/events")
    response = connection.getresponse()
    assert response.readline() == b"event: switches\n"
    client.note("one")
    client.api("PUT", "/pace", {"pace": "fast"})
    lines = []
    while b"event: switches\n" not in lines:
        lines.append(response.readline())
    assert lines.index(b"event: ended\n") < lines.index(b"event: switches\n")
    data = json.loads(next(line for line in lines if line.startswith(b'data: {"id"'))[6:])
    assert (data["operation"], data["status"]) == ("POST /notes", 201)
    connection.close()
    number = client.api("GET", "/exchanges")["exchanges"][0]["id"]
    _, answer = client.ask("GET", "/_troth/api/events", Last_Event_ID=str(number - 1))
    assert "event: ended" in answer
    _, answer = client.ask("GET", "/_troth/api/events", Last_Event_ID="99999999")
    assert "event: ended" not in answer


def test_all_who_follow_see_the_steps_of_a_stream() -> None:
    with serving(loading.load(None)) as server:
        followers = [HTTPConnection(server.url.removeprefix("http://"), timeout=30) for _ in "ab"]
        for one in followers:
            one.request("GET", "/_troth/events")
        streams = [one.getresponse() for one in followers]
        for stream in streams:
            assert stream.readline() == b"event: switches\n"
        body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        fields = {"Authorization": "Bearer x", "X-Troth-Fail": "comments"}
        Client(server).raw("POST", "/v1/chat/completions", body, **fields)
        counts = []
        for stream in streams:
            lines = iter(stream.readline, b"event: ended\n")
            counts.append(sum(line == b"event: event\n" for line in lines))
        for one in followers:
            one.close()
    assert counts[0] == counts[1] > 3


def test_the_server_stops_though_it_is_followed() -> None:
    with serving(CONTRACT, settings=Settings(grace=30)) as server:
        connection = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        connection.request("GET", "/_troth/events")
        response = connection.getresponse()
        response.readline()
    assert b"data: " in response.read()
    connection.close()


# -- the switches


def test_the_next_answer_is_as_ordered(client: Client) -> None:
    ordered = client.api("POST", "/next", {"operation": "addNote", "status": 503, "times": 2})
    assert [one["times"] for one in ordered["orders"]] == [2]
    assert client.ask("GET", "/notes", Authorization="Bearer x")[0] == 200
    assert [client.note("one")[0] for _ in range(3)] == [503, 503, 201]
    client.api("POST", "/next?session=b", {"body": {"any": 1}, "status": 200})
    assert client.note("one")[0] == 201
    assert client.note("one", Troth_Session="b") == (200, {"any": 1})
    client.api("POST", "/next", {"status": 500})
    client.api("DELETE", "/next", status=204)
    assert client.api("GET", "/next") == {"orders": []}
    assert client.note("one")[0] == 201
    labels = [one["labels"] for one in client.api("GET", "/exchanges")["exchanges"]]
    assert labels.count({"next": "as ordered"}) == 3


def test_a_field_that_no_answer_can_have_is_not_ordered(client: Client) -> None:
    for name, why in (
        ("Content-Length", "is the server's to set"),
        ("DATE", "is the server's to set"),
        ("two words", "is no name of a header field"),
    ):
        fields = [{"name": "X-Good", "value": "1"}, {"name": name, "value": "3"}]
        error = client.api("POST", "/next", {"fields": fields}, status=400)["error"]
        assert (error["param"], why in error["message"]) == ("/fields/1/name", True), error
    assert client.api("GET", "/next")["orders"] == []


def test_faults_and_pace_are_switched(client: Client) -> None:
    assert client.api("PUT", "/faults", {"faults": ["429 every 2nd"]}) == {
        "faults": ["429 every 2nd"]
    }
    assert [client.note("one")[0] for _ in range(4)] == [201, 429, 201, 429]
    client.api("DELETE", "/faults", status=204)
    assert client.note("one")[0] == 201
    refusal = client.api("PUT", "/faults", {"faults": ["every so often"]}, status=400)
    assert "every so often" in refusal["error"]["message"]
    assert client.api("PUT", "/pace", {"pace": "slow"})["pace"] == "slow"
    assert client.api("GET", "/info")["switches"]["pace"] == "slow"
    client.api("PUT", "/pace", {"pace": "off"})
    client.api("PUT", "/pace", {"pace": "snail"}, status=400)
    assert len(client.api("GET", "/verdict")["items"]) == 2


def test_a_reset_makes_it_as_it_was(client: Client) -> None:
    client.note("one")
    client.api("PUT", "/faults", {"faults": ["500"]})
    client.api("POST", "/next", {"status": 500})
    client.api("POST", "/reset", status=204)
    assert client.api("GET", "/exchanges")["exchanges"] == []
    assert client.api("GET", "/state") == {"sessions": [], "collections": []}
    assert client.api("GET", "/next")["orders"] == []
    assert client.api("GET", "/faults")["faults"] == []


def test_a_request_that_its_document_does_not_allow_is_refused(client: Client) -> None:
    refusal = client.api("POST", "/next", {"statsu": 500}, status=400)
    assert "statsu" in json.dumps(refusal)
    client.api("GET", "/exchanges?limit=0", status=400)
    client.api("GET", "/exchanges/x", status=400)
    client.api("GET", "/nothing", status=404)
    client.api("PATCH", "/next", {}, status=405)
    client.api("POST", "/next", {"operation": "nothing"}, status=409)


# -- what is mocked


def test_stored_resources_and_operations_are_told(client: Client) -> None:
    client.note("kept", Troth_Session="b")
    stored = client.api("GET", "/state?session=b")["collections"]
    made = [one for each in stored for one in each["items"] if one["made"]]
    assert [one["value"]["text"] for one in made] == ["kept"]
    operations = client.api("GET", "/operations")["operations"]
    assert [one["operation_id"] for one in operations] == ["listNotes", "addNote", "readNote"]
    for seed in (0, 1):
        (adding,) = client.api("GET", f"/operations?operation=addNote&seed={seed}")["operations"]
        request = adding["request"]
        body = request["body"]["json"]
        fields = {one["name"]: one["value"] for one in request["fields"]}
        fields.pop("Content-Type")
        assert client.ask(request["method"], request["target"], body, **fields)[0] == 201


def test_numbers_are_told_with_bounded_labels(client: Client) -> None:
    def counts() -> Counter[tuple[str, str]]:
        status, fields, data = client.raw("GET", "/_troth/metrics")
        assert (status, fields["Content-Type"][:10]) == (200, "text/plain")
        families = {one.name: one for one in text_string_to_metric_families(data.decode())}
        return Counter(
            {
                (one.labels["operation"], one.labels["status"]): int(one.value)
                for one in families["troth_mock_requests"].samples
            }
        )

    before = counts()
    for number in range(3):
        client.ask("GET", f"/nowhere/{number}")
        client.ask("GET", f"/notes/{number}", Authorization="Bearer x")
    assert counts() - before == {("", "404"): 3, ("GET /notes/{id}", "200"): 3}


# -- who may


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "192.0.2.7.evil.example"}, 421),
    ],
)
def test_no_other_site_can_look_or_drive(
    client: Client, fields: dict[str, str], status: int
) -> None:
    for method, path in (("GET", "/_troth/api/info"), ("GET", "/_troth/metrics")):
        found, answer, _ = client.raw(method, path, **fields)
        assert found == status
        assert "Access-Control-Allow-Origin" not in answer
    client.api("POST", "/next", {"status": 500})
    found, answer, _ = client.raw("DELETE", "/_troth/api/next", **fields)
    assert "Access-Control-Allow-Origin" not in answer
    left = client.api("GET", "/next")["orders"]
    assert (found, len(left)) == ((204, 0) if status == 200 else (status, 1))


def test_who_comes_by_another_address_of_the_machine_is_told_what_opens_it() -> None:
    with serving(CONTRACT, settings=Settings(hosts=Hosts("0.0.0.0"))) as server:
        client = Client(server)
        statuses = {
            host: client.raw("GET", "/_troth/api/info", Host=host)[0]
            for host in (
                "192.0.2.7:8000",
                "[2001:db8::7]",
                "0.0.0.0:1",
                "mock.example",
                "7.example",
            )
        }
        # where the request came from is asked after that: it was this machine
        assert list(statuses.values()) == [200, 200, 200, 421, 421]
        forwarded = {"X-Forwarded-Host": "localhost", "Forwarded": "host=localhost;for=127.0.0.1"}
        assert client.raw("GET", "/_troth/api/info", Host="a.example", **forwarded)[0] == 421


def test_no_other_site_makes_it_forget(client: Client) -> None:
    statuses = [
        client.raw("POST", "/_troth/reset", Origin=origin)[0]
        for origin in ("https://evil.example", "null", "http://localhost:5173")
    ]
    assert statuses == [403, 403, 204]


def test_what_a_control_token_guards_is_reset_by_who_knows_it() -> None:
    with serving(CONTRACT, settings=Settings(control_token="s3cret-s3cret")) as server:
        client = Client(server)
        client.note("one")
        known = {"Authorization": "Bearer s3cret-s3cret"}
        for path in ("/_troth/reset", "/_troth/reset?all", "/_troth/session/a/_troth/reset"):
            assert client.raw("POST", path)[0] == 401
            assert client.raw("POST", path, Authorization="Bearer any")[0] == 401
        assert client.raw("GET", "/_troth/api/state", **known)[2].count(b'"made":true') == 1
        assert client.raw("POST", "/_troth/reset", **known)[0] == 204
        assert client.raw("GET", "/_troth/api/state", **known)[2].count(b'"made":true') == 0


def test_a_preflight_lets_nobody_in(client: Client) -> None:
    origin = client.server.url.replace("127.0.0.1", "localhost")
    _, answer, _ = client.raw(
        "OPTIONS", "/_troth/api/next", Origin=origin, Access_Control_Request_Method="POST"
    )
    assert "Access-Control-Allow-Methods" not in answer


def test_what_is_no_json_drives_nothing(client: Client) -> None:
    status, _, _ = client.raw("POST", "/_troth/api/next", {}, Content_Type="text/plain")
    assert status in (400, 415)
    assert client.api("GET", "/next")["orders"] == []


def test_with_a_token_only_who_knows_it_is_let_in() -> None:
    hosts = Hosts("127.0.0.1", ("*",))
    with serving(CONTRACT, settings=Settings(control_token="s3cret-s3cret", hosts=hosts)) as server:
        client = Client(server)
        assert client.raw("GET", "/_troth/api/info")[0] == 401
        for wrong in ("Bearer wrong", "Bearer \xff", "s3cret-s3cret", ""):
            assert client.raw("GET", "/_troth/metrics", Authorization=wrong)[0] == 401
        known = {"Authorization": "Bearer s3cret-s3cret", "Host": "mock.example"}
        assert client.raw("GET", "/_troth/api/info", **known)[0] == 200
        assert client.raw("GET", "/_troth/api/info", Origin="http://x.example", **known)[0] == 403
        # the page asks for the token
        assert client.raw("GET", "/_troth/")[0] == 200


def test_without_an_inspector_there_is_none() -> None:
    with serving(CONTRACT, settings=Settings(inspector=False)) as server:
        client = Client(server)
        assert [client.raw("GET", path)[0] for path in ("/_troth/", "/_troth/api/info")] == [
            404
        ] * 2
        assert client.note("one")[0] == 201


# -- its document, held to itself


def test_its_document_has_nothing_that_lint_warns_of() -> None:
    assert [str(one) for one in lint(CONTROL.document) if one.severity != "info"] == []


def test_the_control_api_is_what_its_document_says(client: Client) -> None:
    client.note("one")
    outcome = testing.run(
        client.server.url + "/_troth/api",
        contract=CONTROL,
        allow_destructive=True,
        max_requests=100,
    )
    assert outcome.in_words(outcome.findings) == ""
    assert outcome.verdict == "conforms"


def test_of_what_is_stored_so_much_is_told_as_keeps_nobody_waiting(client: Client) -> None:
    for text in ("a" * 1_500_000, "b" * 1_500_000):
        client.note(text)
    (notes,) = client.api("GET", "/state")["collections"]
    assert [one["value"]["text"][0] for one in notes["items"] if one["made"]] == ["a"]


def test_a_body_that_is_not_asked_for_is_not_read(client: Client) -> None:
    status, _, _ = client.raw("DELETE", "/_troth/api/next", float("nan"))
    assert status == 204


def test_a_control_token_may_be_any_bytes() -> None:
    with serving(CONTRACT, settings=Settings(control_token="s3cret-é")) as server:
        client = Client(server)
        given = ("s3cret-é".encode(), b"\xff\xfe", b"")
        statuses = [
            client.raw("GET", "/_troth/api/info", Authorization=b"Bearer " + one)[0]
            for one in given
        ]
    assert statuses == [200, 401, 401]


def test_what_the_first_look_has_to_load_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, ended = Event(), Event()

    def load() -> None:
        begun.set()
        assert ended.wait(10)

    monkeypatch.setitem(inspection._LOADING, "/_troth/api/", load)
    with serving(CONTRACT) as server, ThreadPoolExecutor(1) as pool:
        client = Client(server)
        looked = pool.submit(client.api, "GET", "/info")
        assert begun.wait(10)
        assert client.raw("GET", "/healthz")[0] == 200
        assert not looked.done()
        ended.set()
        assert looked.result()["title"] == "Notes"
