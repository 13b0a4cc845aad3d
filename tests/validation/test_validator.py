"""One exchange held to a contract: every violation, with its place."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.http import json_text
from troth.laws.condition import Facts
from troth.openapi.contract import Contract
from troth.openapi.operation import MediaType
from troth.validation import content
from troth.validation.bodies import MOST_MISFITS

GOOD = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        **more,
    }


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo."}),
    chunk({}, "stop"),
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return troth.load()


def request(body: Any, **fields: str) -> troth.Request:
    sent = {"Content-Type": "application/json", "Authorization": "Bearer t", **fields}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return troth.Request("POST", "/v1/chat/completions", tuple(sent.items()), data)


def answered(body: Any, *, asked: Any = GOOD, status: int = 200, **fields: str) -> troth.Exchange:
    sent = {"Content-Type": "application/json", **fields}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return troth.Exchange(request(asked), troth.Response(status, tuple(sent.items()), data))


def streamed(frames: bytes) -> troth.Exchange:
    response = troth.Response(200, (("Content-Type", "text/event-stream"),), frames)
    return troth.Exchange(request({**GOOD, "stream": True}), response)


def wire(chunks: list[dict[str, Any]], end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + end


def codes(contract: Contract, exchange: troth.Exchange) -> list[str]:
    return [violation.code for violation in contract.validate(exchange)]


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: member for key, member in value.items() if key != name}


def test_a_good_exchange_has_no_violation(contract: Contract) -> None:
    assert contract.validate(answered(ANSWER)) == ()


def test_a_good_stream_has_no_violation(contract: Contract) -> None:
    assert contract.validate(streamed(wire(CHUNKS))) == ()


def test_a_violation_says_what_where_and_by_which_line(contract: Contract) -> None:
    wrong = {**GOOD, "messages": [{"role": "developer", "content": "x"}]}
    (violation,) = contract.published.validate(troth.Exchange(request(wrong)))
    assert str(violation) == (
        "request-body.enum  POST /v1/chat/completions\n"
        "  at  /messages/0/role  "
        "'developer' is not one of 'system', 'user', 'assistant', 'tool'\n"
        "  by  spec/atoma.yaml:647:7 #/components/schemas/ChatCompletionMessage/oneOf"
    )
    assert contract.validate(troth.Exchange(request(wrong))) == ()


def test_a_rule_of_the_overlay_cites_the_overlay(contract: Contract) -> None:
    (violation,) = contract.validate(troth.Exchange(request({**GOOD, "temperature": 9})))
    assert violation.code == "request-body.maximum"
    assert violation.place is not None
    assert violation.place.file == "spec/atoma.overlay.yaml"


def test_a_misspelt_member_is_a_hint(contract: Contract) -> None:
    (hint,) = contract.validate(troth.Exchange(request({**GOOD, "temprature": 1})))
    assert (hint.severity, hint.message) == (
        "hint",
        "'temprature' is not declared; did you mean 'temperature'?",
    )


@pytest.mark.parametrize(
    ("body", "fields", "code"),
    [
        (b"{", {}, "request-body.syntax"),
        (b"", {}, "request-body.empty"),
        (b'{"model":"m","model":"n"}', {}, "request-body.duplicate-key"),
        (b'{"seed": NaN}', {}, "request-body.nan"),
        (GOOD, {"Content-Type": "text/plain"}, "request.content-type"),
        (GOOD, {"Authorization": "Basic abc"}, "request-security.malformed"),
        ({**GOOD, "n": 2**40}, {}, "request-body.format"),
        ({"model": "m"}, {}, "request-body.required"),
        ([], {}, "request-body.type"),
    ],
)
def test_each_fault_of_a_request_has_its_code(
    contract: Contract, body: Any, fields: dict[str, str], code: str
) -> None:
    assert codes(contract, troth.Exchange(request(body, **fields))) == [code]


@pytest.mark.parametrize(
    ("exchange", "code"),
    [
        (answered(ANSWER, status=201), "response.status-undeclared"),
        (answered(ANSWER, **{"Content-Type": "text/html"}), "response.content-type-undeclared"),
        (answered(without(ANSWER, "id")), "response-body.required"),
        (answered({**ANSWER, "choices": []}), "law.choices-as-asked"),
        (answered(b'{"id": '), "response-body.syntax"),
        (answered(b""), "response-body.empty"),
        (answered(ANSWER, asked={**GOOD, "stream": True}), "response.content-type-condition"),
        (
            answered({"error": {"message": "no"}}, status=401),
            "response.www-authenticate-missing",
        ),
        (streamed(wire(CHUNKS, end=b"")), "stream.sentinel-missing"),
        (streamed(wire(CHUNKS) + b"data: [DONE]\n\n"), "stream.sentinel-repeated"),
        (streamed(wire(CHUNKS) + b"data: {}\n\n"), "stream.after-sentinel"),
        (streamed(wire([{**CHUNKS[0], "created": "x"}, *CHUNKS[1:]])), "stream.type"),
        (streamed(b"data: {nope\n\n" + wire(CHUNKS)), "stream.data-not-json"),
        (streamed(b"data: \xff\n\n" + wire(CHUNKS)), "stream.utf-8"),
        (streamed(b"data: [DONE]\n\n"), "stream.empty"),
        (streamed(wire([*CHUNKS[:2], {"error": {"message": "busy"}}])), "stream.error-event"),
    ],
)
def test_each_fault_of_an_answer_has_its_code(
    contract: Contract, exchange: troth.Exchange, code: str
) -> None:
    assert code in codes(contract, exchange)


def test_a_stream_cut_inside_a_character_is_unfinished_and_no_more(contract: Contract) -> None:
    cut = wire([*CHUNKS[:2], chunk({"content": "é"})], end=b"").replace(b"\\u00e9", b"\xc3")
    cut = cut[: cut.index(b"\xc3") + 1]
    found = [code for code in codes(contract, streamed(cut)) if code.startswith("stream.")]
    assert found == ["stream.unfinished", "stream.sentinel-missing"]
    inside = contract.validate(streamed(cut + b'"}}]}\n\ndata: [DONE]\n\n'))
    assert inside[0].message.startswith(f"byte {len(cut) - 1} is not UTF-8")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (json.dumps(GOOD).encode(), json.dumps(ANSWER).encode()),
        (b'{"model": "m", "model": "n"}', json.dumps(ANSWER).encode()),
        (b"{", b"{}"),
    ],
)
def test_each_body_is_decoded_once(
    contract: Contract, monkeypatch: pytest.MonkeyPatch, body: bytes, answer: bytes
) -> None:
    decoded: list[bytes] = []
    decode = json_text.decode

    def counting(data: bytes, **more: Any) -> Any:
        decoded.append(data)
        return decode(data, **more)

    monkeypatch.setattr(json_text, "decode", counting)
    contract.validate(answered(answer, asked=body))
    assert (decoded.count(body), decoded.count(answer)) == (1, 1)


def test_a_form_is_decoded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "form.yaml"
    file.write_text(FORM)
    decoded: list[bytes] = []
    read = content.read

    def counting(entry: MediaType, content_type: str, data: bytes, **more: Any) -> Any:
        decoded.append(data)
        return read(entry, content_type, data, **more)

    monkeypatch.setattr(content, "read", counting)
    fields = (("Content-Type", "application/x-www-form-urlencoded"),)
    sent = troth.Request("POST", "/form", fields, b"n=x")
    found = troth.load(file).validate(troth.Exchange(sent, troth.Response(204)))
    assert [each.code for each in found] == ["request-body.type"]
    assert decoded == [sent.body]


FORM = """openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /form:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, properties: {n: {type: integer}}}
      responses: {'204': {description: done}}
"""


def test_a_law_that_is_broken_quotes_the_document(contract: Contract) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 6}
    (violation,) = contract.validate(answered({**ANSWER, "usage": usage}))
    assert violation.law is not None
    assert violation.code == f"law.{violation.law}"
    assert "Total number of tokens used (prompt + completion)" in violation.message


def test_the_body_that_a_stream_folds_to_is_held_to_the_schema(contract: Contract) -> None:
    no_role = [chunk({"content": "Hi"}), chunk({}, "stop")]
    found = contract.validate(streamed(wire(no_role)))
    assert "stream-body.required" in {violation.code for violation in found}


def test_a_stream_whose_items_are_wrong_is_not_told_of_its_body_too(contract: Contract) -> None:
    no_role = [chunk({"content": "Hi"}), {**chunk({}, "stop"), "created": "x"}]
    found = codes(contract, streamed(wire(no_role)))
    assert [code for code in found if not code.startswith("law.")] == ["stream.type"]


def test_no_more_misfits_of_one_stream_are_told_than_help(contract: Contract) -> None:
    wrong = [{**chunk({"content": "x"}), "created": "x"}] * (MOST_MISFITS + 5)
    found = codes(contract, streamed(wire([*wrong, *CHUNKS])))
    assert found.count("stream.type") == MOST_MISFITS


FILE = """openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /file:
    head: &operation
      responses:
        2XX: {description: ok, content: {application/json: {schema: {type: object}}}}
    get: *operation
"""


@pytest.mark.parametrize(
    ("method", "status", "found"),
    [
        ("GET", 200, ["response-body.empty"]),
        ("GET", 204, []),
        ("GET", 205, []),
        ("HEAD", 200, []),
    ],
)
def test_an_answer_that_has_no_content_by_rule_is_not_asked_for_it(
    tmp_path: Path, method: str, status: int, found: list[str]
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(FILE)
    answer = troth.Response(status, (("Content-Type", "application/json"),))
    exchange = troth.Exchange(troth.Request(method, "/file"), answer)
    assert codes(troth.load(file), exchange) == found


def test_an_unknown_path_and_method_are_one_violation_each(contract: Contract) -> None:
    assert codes(contract, troth.Exchange(troth.Request("POST", "/v1/chat"))) == [
        "request.path-undeclared"
    ]
    assert codes(contract, troth.Exchange(troth.Request("GET", "/v1/chat/completions"))) == [
        "request.method-undeclared"
    ]


FEED = """openapi: 3.2.0
info: {title: t, version: '1'}
paths:
  /feed:
    get:
      responses:
        '400': {description: no, content: {application/json: {schema: {type: object}}}}
        '200':
          description: ok
          content:
            text/event-stream:
              itemSchema:
                type: object
                required: [event, data]
                oneOf:
                  - properties:
                      event: {const: price}
                      data:
                        contentMediaType: application/json
                        contentSchema: {type: object, required: [cents]}
                  - properties:
                      event: {const: note}
                      data: {type: string, minLength: 1}
"""


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("event: note\ndata: hi", []),
        ('event: price\ndata: {"cents": 1}', []),
        ("event: note\ndata:", ["stream.minLength /0/data"]),
        ("event: other\ndata: hi", ["stream.enum /0/event"]),
        ("data: hi", ["stream.required /0"]),
        ("event: price\ndata: hi", ["stream.data-not-json /0/data"]),
        ("event: price\ndata: {}", ["stream.required /0/data"]),
    ],
)
def test_an_event_is_told_what_its_own_branch_asks_for(
    tmp_path: Path, event: str, said: list[str]
) -> None:
    file = tmp_path / "feed.yaml"
    file.write_text(FEED)
    answer = troth.Response(200, (("Content-Type", "text/event-stream"),), f"{event}\n\n".encode())
    found = troth.load(file).validate(
        troth.Exchange(troth.Request("GET", "/feed", (), b""), answer)
    )
    assert [f"{each.code} {each.instance_pointer}" for each in found] == said
    assert all(each.place is not None for each in found)


def test_what_the_laws_were_asked_of_is_let_go(contract: Contract) -> None:
    told = answered(ANSWER)
    contract.validate(told)
    gc.collect()
    gc.freeze()  # whatever there was before is not looked at, and there may be a lot of it
    try:
        for _ in range(5):
            contract.validate(told)
        gc.collect()
        assert [each for each in gc.get_objects() if type(each) is Facts] == []
    finally:
        gc.unfreeze()


LOG = """openapi: 3.2.0
info: {title: t, version: '1'}
paths:
  /log:
    get:
      responses:
        '200':
          description: ok
          content:
            KIND:
              itemSchema: {type: object, required: [at], properties: {at: {type: integer}}}
"""


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/x-ndjson", b'{"at": 1}\n{"at": 2}\n', []),
        ("application/jsonl", b'{"at": 1}\r\n\r\n{"at": 2}', []),
        ("application/json-seq", b'\x1e{"at":\n 1}\n\x1e{"at": 2}\n', []),
        ("application/geo+json-seq", b"\x1e{}\n", ["stream.required /0"]),
        (
            "application/x-ndjson",
            b'{"at": 1}\n{"at": "x"}\n{"at"\n{}',
            ["stream.type /1/at", "stream.data-not-json /2", "stream.required /3"],
        ),
    ],
)
def test_json_texts_in_a_row_are_items_too(
    tmp_path: Path, kind: str, body: bytes, said: list[str]
) -> None:
    file = tmp_path / "log.yaml"
    file.write_text(LOG.replace("KIND", kind))
    answer = troth.Response(200, (("Content-Type", kind),), body)
    found = troth.load(file).validate(troth.Exchange(troth.Request("GET", "/log", (), b""), answer))
    assert [f"{each.code} {each.instance_pointer}" for each in found] == said
    assert all(each.place is not None for each in found)


CONDITIONS = """openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        '200':
          description: ok
          content:
            text/plain: {x-troth-when: request.a == true}
            text/html: {x-troth-when: request.b == true}
            text/csv: {}
"""


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ({}, None),
        ({"a": True}, "text/plain"),
        ({"b": True}, "text/html"),
        ({"a": True, "b": True}, None),
    ],
)
def test_a_media_type_is_due_where_no_other_condition_holds_as_well(
    sent: dict[str, bool], due: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(CONDITIONS)
    fields = (("Content-Type", "application/json"),)
    asked = troth.Request("POST", "/a", fields, json.dumps(sent).encode())
    answer = troth.Response(200, (("Content-Type", "text/csv"),), b"")
    messages = [each.message for each in troth.load(path).validate(troth.Exchange(asked, answer))]
    told = f"the answer is text/csv; to this request it is {due} that is due"
    assert messages == ([told] if due else [])
