"""The cases of a run: what the document implies, judged beforehand, always the same."""

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import islice
from math import inf
from pathlib import Path

import pytest

import troth
from bundled import CONTRACT
from troth.conformance import cases as phases
from troth.conformance.cases import cases_of, random_cases, subjects, subjects_under_test
from troth.conformance.cases.case import merged
from troth.conformance.checks.exchange_checks import expectation
from troth.conformance.settings import Settings
from troth.generation.request_writer import CREDENTIAL
from troth.http.exchange import Exchange
from troth.seed import Seed

PHASES = ("examples", "boundary", "protocol", "random")


def whole(make):
    return lambda tested, **more: list(make(tested, **more))


example_cases = whole(phases.example_cases)
boundary_cases = whole(phases.boundary_cases)
protocol_cases = whole(phases.protocol_cases)
every_subject = cache(lambda: subjects(CONTRACT))


@cache
def laid_out(phase):
    """The cases of *phase*; not before a test asks for them, as every worker reads this file."""
    if phase == "random":
        return list(islice(random_cases(every_subject(), Seed.of(7)), 60))
    make = {"examples": example_cases, "boundary": boundary_cases, "protocol": protocol_cases}
    return make[phase](every_subject())


def by_about(cases, words):
    return [case for case in cases if words in case.about]


@pytest.mark.parametrize("phase", PHASES)
def test_the_validator_agrees_with_every_intent(phase):
    disagreed = []
    for case in laid_out(phase):
        for contract, intent in (
            (CONTRACT, case.intent),
            (CONTRACT.published, case.published_intent),
        ):
            broken = [
                violation
                for violation in contract.validate(Exchange(case.request))
                if violation.severity == "error" and violation.location.startswith("request")
            ]
            if intent != "either" and (intent == "invalid") != bool(broken):
                disagreed.append((case.id, intent, broken))
    assert disagreed == []


def test_a_whole_run_stays_below_a_thousand_requests():
    assert (
        len(laid_out("examples")) + len(laid_out("boundary")) + len(laid_out("protocol")) + 250
        <= 1000
    )
    assert 350 <= len(laid_out("boundary")) <= 540


@pytest.mark.parametrize("phase", PHASES)
def test_ids_are_unique_and_name_their_phase(phase):
    ids = Counter(case.id for case in laid_out(phase))
    assert [name for name, count in ids.items() if count > 1] == []
    assert {case.phase for case in laid_out(phase)} == {phase}
    assert all(name.startswith(phase + "/") for name in ids)


@pytest.mark.parametrize("phase", ["examples", "boundary"])
def test_nothing_is_sent_twice(phase):
    sent = Counter(
        (case.request.target, case.request.fields, case.request.body)
        for case in laid_out(phase)
        if case.derive is None
    )
    assert [body for body, count in sent.items() if count > 1] == []


def test_the_examples_begin_with_the_smallest_request():
    first = laid_out("examples")[0]
    assert first.id == "examples/chat_completions_create/minimal"
    assert first.value == {
        "messages": [{"role": "user", "content": "Hello!"}],
        "model": "meta-llama/Llama-3.3-70B-Instruct",
    }
    assert dict(first.request.fields) == {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {CREDENTIAL}",
    }


def test_every_law_has_a_request_that_makes_it_apply():
    wanted = {law.id for law in CONTRACT.operations[0].laws if law.requests}
    assert wanted - {law for case in laid_out("examples") for law in case.laws} == set()


def test_what_depends_on_one_another_is_built():
    bodies = [case.value for case in laid_out("examples") if "forced-tool-" not in case.id]
    forced = [body for body in bodies if isinstance(body.get("tool_choice"), dict)]
    assert forced
    for body in forced:
        offered = [tool["function"]["name"] for tool in body["tools"]]
        assert body["tool_choice"]["function"]["name"] in offered
    assert all(body["stream"] is True for body in bodies if body.get("stream_options"))
    for body in bodies:
        calls = {
            call["id"] for message in body["messages"] for call in message.get("tool_calls", ())
        }
        answered = {m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"}
        assert calls == answered


def test_a_developer_message_is_what_the_two_documents_disagree_on():
    samples = by_about(laid_out("examples"), "the code sample")
    assert [(case.intent, case.published_intent) for case in samples] == [("valid", "invalid")]


def test_a_stop_sequence_is_taken_from_an_earlier_answer():
    plan = next(case for case in laid_out("examples") if case.id.endswith("/stop-from-answer"))
    assert plan.needs == ("examples/chat_completions_create/minimal",)
    answer = {"choices": [{"index": 0, "message": {"content": "The fox ran over the hill."}}]}
    case = plan.derive({plan.needs[0]: answer})
    assert case.value["stop"] == ["over"]
    assert case.intent == "valid"
    assert "stop-is-absent" in case.laws
    assert plan.derive({}) is None
    assert plan.derive({plan.needs[0]: {"choices": []}}) is None


def test_a_tools_result_follows_the_call_of_an_earlier_answer():
    plan = next(case for case in laid_out("examples") if case.id.endswith("/tool-result-of-answer"))
    call = {
        "id": "call_7",
        "type": "function",
        "function": {"name": "get_weather", "arguments": "{}"},
    }
    answer = {"choices": [{"message": {"role": "assistant", "tool_calls": [call]}}]}
    case = plan.derive({plan.needs[0]: answer})
    assert [message["role"] for message in case.value["messages"]] == ["user", "assistant", "tool"]
    assert case.value["messages"][-1]["tool_call_id"] == "call_7"
    assert plan.derive({plan.needs[0]: {"choices": [{"message": {"content": "no"}}]}}) is None


@pytest.mark.parametrize(
    ("about", "intent", "published"),
    [
        ("/temperature: above maximum", "invalid", "valid"),
        ("/n: below minimum", "invalid", "valid"),
        ("/n: an integer written as a float", "valid", "valid"),
        ("/n: above maximum", "invalid", "invalid"),
        ("/model: absent", "invalid", "invalid"),
        ("/messages: an empty array", "invalid", "valid"),
        ("/messages/0/role: outside the enum", "invalid", "invalid"),
        ("/messages/0/content: a lone surrogate", "either", "either"),
        ("/messages/0/content: very long", "either", "either"),
        ("/messages/0/content: a NUL", "valid", "valid"),
        ("/stop: above maxItems", "invalid", "valid"),
        ("/: a member twice", "either", "either"),
        ("/: an extra member", "valid", "valid"),
        ("/seed: 2^53+1", "either", "either"),
        ("/max_tokens: at maximum", "either", "either"),
    ],
)
def test_the_walk_stands_on_both_sides_of_each_limit(about, intent, published):
    found = [case for case in laid_out("boundary") if case.about == about]
    assert [(case.intent, case.published_intent) for case in found[:1]] == [(intent, published)]


def test_json_texts_are_written_as_they_are_meant():
    written = {case.about: case.request.body for case in laid_out("boundary")}
    assert b'"n":1.0' in written["/n: an integer written as a float"]
    assert b'"content":"\\ud800"' in written["/messages/0/content: a lone surrogate"]
    assert written["/: a member twice"].count(b'"messages":') == 2


def test_a_json_text_of_an_empty_object_is_broken_in_one_place(tmp_path):
    file = tmp_path / "notes.yaml"
    file.write_text(
        """openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /note:
    patch:
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: fine}}
"""
    )
    cases = protocol_cases(subjects(troth.load(file)))
    texts = {case.about: case.request.body for case in cases}
    assert (texts["body: NaN"], texts["body: UTF-16"]) == (
        b'{"x_extra":NaN}',
        "{}".encode("utf-16"),
    )


def test_a_body_that_must_be_there_is_sent_though_nothing_describes_it(tmp_path):
    file = tmp_path / "files.yaml"
    file.write_text(
        """openapi: 3.1.0
info: {title: Files, version: '1'}
paths:
  /file:
    put:
      parameters: [{name: n, in: query, schema: {type: integer}}]
      requestBody: {required: true, content: {application/octet-stream: {}}}
      responses: {'204': {description: fine}}
"""
    )
    contract = troth.load(file)
    valid = [case for case in example_cases(subjects(contract)) if case.intent == "valid"]
    assert valid
    assert [contract.validate(Exchange(case.request)) for case in valid] == [()] * len(valid)


def test_a_text_of_no_bytes_may_be_taken_for_no_body(tmp_path):
    file = tmp_path / "notes.yaml"
    file.write_text(
        """openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /note:
    put:
      requestBody: {required: true, content: {text/plain: {schema: {type: string}}}}
      responses: {'204': {description: fine}}
"""
    )
    cases = boundary_cases(subjects(troth.load(file)))
    assert {case.intent for case in cases if not case.request.body} == {"either"}
    assert "valid" in {case.intent for case in cases if case.request.body}


def test_null_may_be_taken_for_a_body_that_need_not_be_there(tmp_path):
    file = tmp_path / "notes.yaml"
    text = """openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /note:
    put:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}
      responses: {'204': {description: fine}}
"""
    for required, intent in (("true", "invalid"), ("false", "either")):
        file.write_text(text.replace("required: true", f"required: {required}"))
        cases = boundary_cases(subjects(troth.load(file)))
        assert {case.intent for case in cases if case.request.body == b"null"} == {intent}


def test_every_member_of_the_request_is_walked():
    schemas = CONTRACT.document.root["components"]["schemas"]
    members = set(schemas["ChatCompletionRequest"]["properties"])
    walked = {
        case.about.split("/")[1].split(":")[0]
        for case in laid_out("boundary")
        if ": " in case.about
    }
    assert members - walked == set()
    deep = {case.about.partition(":")[0] for case in laid_out("boundary")}
    assert any(place.endswith("/image_url/url") for place in deep)
    assert any(place.endswith("/tool_calls/0/function/arguments") for place in deep)
    assert "/response_format/json_schema/name" in deep


def test_telling_cases_come_before_strange_ones():
    order = [case.about for case in laid_out("boundary")]
    assert order.index("/model: absent") < order.index("/messages/0/content: a NUL")


def test_the_transport_tries_the_credential_again_at_the_end():
    assert laid_out("protocol")[-1].id.endswith("/no-credential-again")
    assert laid_out("protocol")[-1].request.field("Authorization") is None
    schemes = {case.request.field("Authorization") for case in laid_out("protocol")}
    assert {None, "Bearer", f"bearer {CREDENTIAL}", "Basic dHJvdGg6dHJvdGg="} <= schemes
    methods = {"POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"}
    assert {case.request.method for case in laid_out("protocol")} == methods


def test_random_cases_are_valid_and_broken_in_turn():
    words = Counter(case.id.rpartition("-")[2] for case in laid_out("random"))
    assert words["valid"] >= 30
    assert words["broken"] >= 20
    for case in laid_out("random"):
        assert (case.intent == "invalid") == case.id.endswith("broken")


def test_overrides_are_in_every_case_that_does_not_vary_them():
    tested = subjects(CONTRACT, overrides={"model": "tiny"})
    assert {case.value["model"] for case in example_cases(tested)} == {"tiny"}
    drawn = islice(random_cases(tested, Seed.of(1)), 30)
    assert {case.value["model"] for case in drawn if case.intent == "valid"} == {"tiny"}


def test_the_published_document_borrows_what_only_the_overlaid_one_can_say():
    published = CONTRACT.published
    tested = subjects(published, second=CONTRACT)
    cases = [*example_cases(tested), *boundary_cases(tested)]
    by_id = {case.id.partition("/chat_completions_create/")[2]: case for case in cases}
    assert by_id["minimal"].value == laid_out("examples")[0].value
    assert by_id["stream"].value["stream"] is True
    assert by_id["law-tool-choice-named"].intent == "valid"
    assert {case.value["model"] for case in example_cases(tested)} == {
        laid_out("examples")[0].value["model"]
    }
    about = {case.about: case.intent for case in cases}
    assert about["/n: at maximum"] == "either"
    for case in cases:
        broken = [
            violation
            for violation in published.validate(Exchange(case.request))
            if violation.severity == "error" and violation.location.startswith("request")
        ]
        assert case.intent == "either" or (case.intent == "invalid") == bool(broken), case.id


DIGEST = """
import hashlib, sys
from itertools import islice
from math import inf
import troth
from troth.conformance.cases import *
from troth.seed import Seed
tested = subjects(troth.load())
digest = hashlib.sha256()
for cases in (example_cases(tested), boundary_cases(tested), protocol_cases(tested),
              islice(random_cases(tested, Seed.of(3)), 40)):
    for case in cases:
        digest.update(repr((case.id, case.intent, case.request)).encode())
print(digest.hexdigest(), "hypothesis" in sys.modules)
"""


def test_cases_are_the_same_in_every_process_and_need_no_hypothesis():
    found = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(found) == 1
    assert found.pop().endswith("False\n")


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": None}, {}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ([1], {"a": 1}, {"a": 1}),
        ({"a": 1}, ["c"], ["c"]),
    ],
)
def test_requests_are_merged_as_rfc_7396_says(target, patch, result):
    assert merged(target, patch) == result


PETS = {
    "openapi": "3.1.0",
    "info": {"title": "pets", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "k"}}},
    "security": [{"key": []}],
    "paths": {
        "/pets/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
            ],
            "get": {
                "operationId": "get",
                "parameters": [
                    {"name": "q", "in": "query", "schema": {"enum": ["a", "b"]}},
                    {
                        "name": "limit",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 1},
                    },
                ],
                "responses": {"200": {"description": "ok"}},
            },
            "put": {
                "operationId": "put",
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["name", "age"],
                                "properties": {
                                    "name": {"type": "string", "minLength": 1},
                                    "age": {"type": "integer"},
                                },
                            }
                        }
                    }
                },
                "responses": {"200": {"description": "ok"}},
            },
            "patch": {
                "operationId": "patch",
                "requestBody": {
                    "content": {"application/json": {"schema": {"type": "string", "enum": []}}}
                },
                "responses": {"200": {"description": "ok"}},
            },
        }
    },
}


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    path: Path = tmp_path_factory.mktemp("pets") / "pets.json"
    path.write_text(json.dumps(PETS))
    return troth.load(path)


def test_parameters_are_given_left_out_and_broken(pets):
    tested = subjects(pets, operations=[pets.operation("get")])
    found = {case.about: (case.request.target, case.intent) for case in example_cases(tested)}
    assert found == {
        "the smallest valid request": ("/pets/0?limit=1&k=TROTH_TOKEN", "valid"),
        "query parameter q: 'a'": ("/pets/0?q=a&limit=1&k=TROTH_TOKEN", "valid"),
        "query parameter q: 'b'": ("/pets/0?q=b&limit=1&k=TROTH_TOKEN", "valid"),
    }
    found = {case.about: (case.request.target, case.intent) for case in boundary_cases(tested)}
    wanted = {
        "path parameter id: string instead of integer": ("/pets/text?limit=1", "invalid"),
        "path parameter id: an integer written as a float": ("/pets/1.0?limit=1", "either"),
        "path parameter id: a '%' that encodes nothing": ("/pets/%zz?limit=1", "either"),
        "query parameter q: outside the enum": ("/pets/0?q=banana&limit=1", "invalid"),
        "query parameter q: empty": ("/pets/0?q=&limit=1", "invalid"),
        "query parameter q: given twice": ("/pets/0?q=a&limit=1&q=trothtwice", "invalid"),
        "query parameter limit: absent": ("/pets/0", "invalid"),
        "query parameter limit: below minimum": ("/pets/0?limit=0", "invalid"),
        "query parameter limit: a fraction instead of an integer": ("/pets/0?limit=1.5", "invalid"),
        "query parameter limit: 2^63": ("/pets/0?limit=9223372036854775808", "either"),
        "a query parameter that nobody declares": ("/pets/0?limit=1&troth_unknown=1", "either"),
    }
    key = "k=TROTH_TOKEN"
    for about, (target, intent) in wanted.items():
        sent, meant = found[about]
        assert (sent.replace(f"&{key}", "").replace(f"?{key}", ""), meant) == (target, intent)


def test_examples_of_parameters_are_sent_and_what_no_text_can_say_is_not(tmp_path):
    parameters = [
        {"name": "a", "in": "query", "example": 7, "schema": {"type": "integer"}},
        {"name": "b", "in": "query", "examples": {"x": {"value": [1, 2]}}, "schema": INTEGERS},
        {"name": "c", "in": "query", "schema": {"type": "boolean"}, "allowEmptyValue": True},
        {"name": "d", "in": "query", "style": "pipeDelimited", "explode": False, "schema": PIPES},
    ]
    get = {"parameters": parameters, "responses": {"200": {"description": "ok"}}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"get": get}},
    }
    (tmp_path / "t.json").write_text(json.dumps(root))
    tested = subjects(troth.load(tmp_path / "t.json"))
    sent = {case.request.target for case in example_cases(tested) if case.intent == "valid"}
    assert sent == {"/x", "/x?a=7", "/x?b=1&b=2", "/x?c=", "/x?d=a%7Cb"}


INTEGERS = {"type": "array", "items": {"type": "integer"}}
PIPES = {"type": "array", "enum": [["a", "b"], ["a|b"]]}


def test_forms_are_judged_as_they_are_read(pets):
    tested = subjects(pets, operations=[pets.operation("put")])
    found = {case.about: (case.request.body, case.intent) for case in boundary_cases(tested)}
    assert found["/name: integer instead of string"] == (b"name=7&age=41", "either")
    assert found["/name: absent"] == (b"age=41", "invalid")
    assert found["/age: string instead of integer"][1] == "invalid"


def test_an_operation_without_valid_requests_says_why_and_has_no_cases(pets):
    tested = subjects(pets, operations=[pets.operation("patch")])
    assert "no value" in tested[0].fault
    assert example_cases(tested) == boundary_cases(tested) == protocol_cases(tested) == []
    assert list(random_cases(tested, Seed.of(0))) == []


def test_head_and_trace_are_tried_and_trace_without_a_credential(pets):
    tested = subjects(pets, operations=[pets.operation("get")])
    found = {case.request.method: case for case in protocol_cases(tested)}
    assert CREDENTIAL in found["HEAD"].request.target
    assert CREDENTIAL not in found["TRACE"].request.target
    assert expectation(pets, found["HEAD"]) == "either"
    assert expectation(pets, found["TRACE"]) == "no-method"


def test_an_api_key_in_the_query_is_left_out_and_spoilt(pets):
    tested = subjects(pets, operations=[pets.operation("get")])
    found = {case.about: case.request.target for case in protocol_cases(tested)}
    assert found["no credential"] == "/pets/0?limit=1"
    assert found["an empty key"] == "/pets/0?limit=1&k="


CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of public documents is not here")
@pytest.mark.parametrize(
    "name", ["museum-31.yaml", "schema-circular-30.json", "parameters-style-31.json"]
)
def test_the_cases_of_public_documents_are_what_they_say(name):
    contract = troth.load(CORPUS / name)
    tested = subjects(contract)
    cases = [
        *example_cases(tested),
        *boundary_cases(tested, limit=100),
        *islice(random_cases(tested, Seed.of(0)), 60),
    ]
    wrong = [
        (case.id, case.request.target, broken)
        for case in cases
        if case.intent == "valid"
        for broken in contract.validate(Exchange(case.request))
        if broken.severity == "error" and broken.location.startswith("request")
    ]
    assert wrong == []
    assert len(cases) > 60


@pytest.fixture
def counting(tmp_path):
    """An operation that takes a number, for which its overlay tells a price, and anything."""
    schema = {
        "type": "object",
        "properties": {"count": {"type": "integer", "maximum": 128}, "any": {}},
    }
    operation = {
        "operationId": "count",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "ok"}},
    }
    at = "$.paths['/count'].post.requestBody.content['application/json'].schema.properties.count"
    actions = [{"target": at, "update": {"x-troth-costs": 16}}]
    info = {"title": "t", "version": "1"}
    api = {"openapi": "3.1.0", "info": info, "paths": {"/count": {"post": operation}}}
    (tmp_path / "api.json").write_text(json.dumps(api))
    overlay = {"overlay": "1.0.0", "info": info, "actions": actions}
    (tmp_path / "overlay.json").write_text(json.dumps(overlay))
    return troth.load(tmp_path / "api.json", overlays=[tmp_path / "overlay.json"])


def test_what_only_the_overlay_prices_may_be_refused_by_a_server_of_the_published_document(
    counting,
):
    (alone,) = subjects(counting.published)
    (beside,) = subjects(counting.published, second=counting)
    found = {
        count: [each.case("boundary", "n", {"count": count}, about="").intent for each in both]
        for count in (16, 17, 129)
        if (both := (alone, beside))
    }
    assert found == {
        16: ["valid", "valid"],
        17: ["valid", "either"],
        129: ["invalid", "invalid"],
    }


def test_where_a_schema_takes_anything_nothing_is_expected(counting):
    intents = {"/any": set(), "/count": set()}
    for case in boundary_cases(subjects(counting)):
        place = case.about.partition(":")[0]
        if place in intents:
            intents[place].add(case.intent)
    assert intents == {"/any": {"either"}, "/count": {"valid", "invalid", "either"}}


@pytest.mark.parametrize(("version", "intent"), [("3.0.3", "either"), ("3.1.0", "valid")])
def test_an_integer_with_a_fraction_of_nothing_is_one_since_openapi_3_1(tmp_path, version, intent):
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}}
    body = {"content": {"application/json": {"schema": schema}}}
    it = {"operationId": "it", "requestBody": body, "responses": {"204": {"description": "it"}}}
    info = {"title": "t", "version": "1"}
    api = {"openapi": version, "info": info, "paths": {"/it": {"put": it}}}
    (tmp_path / "api.json").write_text(json.dumps(api))
    cases = boundary_cases(subjects(troth.load(tmp_path / "api.json")))
    written = {case.about: case.intent for case in cases if b".0" in case.request.body}
    assert written == {"/count: an integer written as a float": intent}


def test_a_json_text_has_one_defect_at_a_time(tmp_path):
    file = tmp_path / "api.json"
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    it = {"operationId": "it", "requestBody": body, "responses": {"204": {"description": "it"}}}
    info = {"title": "t", "version": "1"}
    file.write_text(json.dumps({"openapi": "3.1.0", "info": info, "paths": {"/it": {"patch": it}}}))
    subject = subjects(troth.load(file))
    found = {case.id.rpartition("/")[2]: case for case in protocol_cases(subject)}
    texts = {
        case.request.body: case.intent for name, case in found.items() if name.startswith("json-")
    }
    assert found["json-nan"].request.body == b'{"x_extra":NaN}'
    assert not [text for text in texts if text.startswith(b'{,"')]
    # what there is nothing to spoil of is no broken text, and an optional body may be empty
    assert b"{}" not in texts
    assert (texts[b""], texts[b"{"]) == ("either", "invalid")


def test_a_body_that_must_be_coded_has_cases_too(tmp_path):
    named = {"name": "Content-Encoding", "in": "header", "required": True}
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    post = {
        "parameters": [named | {"schema": {"enum": ["gzip"]}}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"202": {"description": "ok"}, "400": {"description": "bad"}},
    }
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/logs": {"post": post}},
    }
    (tmp_path / "a.json").write_text(json.dumps(root))
    contract = troth.load(tmp_path / "a.json")
    cases = protocol_cases(subjects(contract))
    valid = [case for case in cases if case.intent == "valid"]
    assert valid
    assert not any(contract.validate(Exchange(case.request)) for case in valid)


def _of_many(folder: Path, *, bound: float):
    """Ten operations of two parameters each, under test, and the settings of a run of them."""
    parameters = [
        {"name": name, "in": "query", "schema": {"enum": ["x", "y", "z"]}} for name in ("a", "b")
    ]
    get = {"parameters": parameters, "responses": {"200": {"description": "ok"}}}
    paths = {f"/{number}": {"get": get} for number in range(10)}
    info = {"title": "t", "version": "1"}
    (folder / "t.json").write_text(json.dumps({"openapi": "3.1.0", "info": info, "paths": paths}))
    settings = Settings(url="http://127.0.0.1", phases=("examples",), max_requests=bound)
    return subjects_under_test(troth.load(folder / "t.json"), settings), settings


def test_a_run_that_time_ends_comes_to_each_operation_before_it_goes_into_any(tmp_path):
    tested, settings = _of_many(tmp_path, bound=inf)
    planned = list(cases_of("examples", tested.values(), settings=settings))
    assert [case.operation for case in planned[:10]] == list(tested)
    assert all(case.id.endswith("/minimal") for case in planned[:10])
    assert len({case.request.target for case in planned}) == len(planned) == 70


def test_nothing_is_made_of_an_operation_for_which_there_is_no_room(tmp_path):
    tested, settings = _of_many(tmp_path, bound=8)
    assert len(list(cases_of("examples", tested.values(), settings=settings))) == 8
    assert len(tested.made) == 8
