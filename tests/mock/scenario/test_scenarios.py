"""Scenarios: the first that matches answers, in the form that is due; the others say why not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from stages import Stage, content, message, replied, status, text
from troth.http.exchange import Exchange, Request, Response
from troth.openapi.contract import Contract
from troth.openapi.stream_assembly import fold
from troth_mock.scenario import conditions, templates
from troth_mock.scenario.conditions import Pattern

Staged = Callable[[str], Stage]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TALK = """
    scenarios:
      - name: greeting
        when: {user: hello, turn: 1}
        answer: {text: "Hello! You said: {{ user }}."}
      - name: call
        when: {user: {matches: "(?i)weather in (\\\\w+)"}, tools: get_weather, role: user}
        answer:
          calls:
            - name: get_weather
              arguments: {city: "{{ user.contains('Oslo') ? 'Oslo' : 'Rome' }}"}
      - name: report
        when: {role: tool}
        answer: {text: "It is {{ request.messages[size(request.messages) - 1].content }} there."}
"""


@pytest.fixture
def talk(of_chat: Staged) -> Stage:
    return of_chat(TALK)


def test_the_first_scenario_that_matches_answers_and_is_named(talk: Stage) -> None:
    choice = talk.say("Hello there")
    assert choice.scenario == "greeting"
    assert text(choice) == "Hello! You said: Hello there."
    assert ("X-Troth-Scenario", "greeting") in replied(choice).fields


def test_what_matches_no_scenario_is_not_answered_and_is_told_why(talk: Stage) -> None:
    choice = talk.say("Hello", "hello again")
    near = {each.scenario: each.reason for each in choice.near}
    assert (choice.reply, choice.scenario) == (None, "")
    assert near["greeting"] == "this is turn 2, not 1"
    assert [str(each.place).rpartition("scenes.yaml")[2] for each in choice.near][:1] == [":4:25"]


def test_an_agent_is_led_through_a_tool_call_to_its_answer(talk: Stage) -> None:
    asked: list[Any] = [{"role": "user", "content": "What is the weather in Oslo?"}]
    call = content(talk.say(*asked, tools=[WEATHER]))["choices"][0]
    assert call["finish_reason"] == "tool_calls"
    function = call["message"]["tool_calls"][0]["function"]
    assert function == {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
    asked += [
        call["message"],
        {"role": "tool", "tool_call_id": call["message"]["tool_calls"][0]["id"], "content": "9 °C"},
    ]
    assert text(talk.say(*asked, tools=[WEATHER])) == "It is 9 °C there."


def test_the_stream_of_an_answer_folds_to_its_body(talk: Stage, chat: Contract) -> None:
    for messages in (["hello"], ["the weather in Rome"]):
        whole = content(talk.say(*messages, tools=[WEATHER]))
        stream = replied(talk.say(*messages, tools=[WEATHER], stream=True)).stream
        assert stream is not None
        events = [json.loads(frame[6:]) for frame in stream.frames[:-1]]
        (entry,) = [
            entry
            for entry in chat.operation("POST /v1/chat/completions").responses[0].content
            if entry.assembly
        ]
        assert entry.assembly is not None
        folded = fold(entry.assembly, events)
        assert folded["choices"] == whole["choices"]
        assert len(events) > 4, "it comes in pieces"


def test_what_is_answered_keeps_to_the_document(talk: Stage, chat: Contract) -> None:
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer any"))
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    for changes in ({}, {"stream": False}, {"max_tokens": 3}, {"n": 2, "stop": ["said"]}):
        data = json.dumps(body | changes).encode()
        request = Request("POST", "/v1/chat/completions", fields, data)
        reply = replied(talk.send(request))
        sent = b"".join(reply.stream.frames) if reply.stream else reply.body or b""
        response = Response(reply.status, reply.fields, sent)
        assert chat.validate(Exchange(request, response)) == ()


def test_a_limit_of_the_request_cuts_a_text_unless_its_finish_is_given(of_chat: Staged) -> None:
    stage = of_chat("""
        scenarios:
          - {name: plain, when: {user: plain}, answer: {text: one two three four}}
          - {name: given, when: {user: given}, answer: {text: one two three four, finish: stop}}
        """)
    cut, whole = (content(stage.say(one, max_tokens=2))["choices"][0] for one in ("plain", "given"))
    assert (cut["message"]["content"], cut["finish_reason"]) == ("one two", "length")
    assert (whole["message"]["content"], whole["finish_reason"]) == ("one two three four", "stop")


SEQUENCE = """
    scenarios:
      - name: flaky
        when: {user: flaky}
        answers:
          - {status: 429, fields: {Retry-After: 1}}
          - {text: "Call {{ count }}."}
        after: AFTER
      - name: rest
        answer: {text: the rest}
"""


@pytest.mark.parametrize(
    ("after", "third", "fourth"),
    [("last", "Call 3.", "Call 4."), ("again", 429, "Call 4."), ("pass", "the rest", "the rest")],
)
def test_a_sequence_answers_one_after_the_other(
    of_chat: Staged, after: str, third: Any, fourth: Any
) -> None:
    stage = of_chat(SEQUENCE.replace("AFTER", after))
    told = [stage.say("flaky") for _ in range(4)]
    assert status(told[0]) == 429
    assert ("Retry-After", "1") in replied(told[0]).fields
    assert text(told[1]) == "Call 2."
    assert [third, fourth] == [
        text(each) if status(each) == 200 else status(each) for each in told[2:]
    ]


def test_each_session_has_sequences_of_its_own_until_they_are_reset(of_chat: Staged) -> None:
    stage = of_chat(SEQUENCE.replace("AFTER", "pass"))
    statuses = [status(stage.say("flaky", session=name)) for name in ("a", "b", "a", "b")]
    assert statuses == [429, 429, 200, 200]
    stage.scenarios.reset("a")
    assert [status(stage.say("flaky", session=name)) for name in ("a", "b")] == [429, 200]
    assert stage.scenarios.calls("b") == {"flaky": 2, "rest": 1}
    stage.scenarios.reset()
    assert stage.scenarios.calls("b") == {}


CONDITIONS = {
    "{operation: createPet, body: {/name: Rex}}": ("POST", "/pets", {"name": "Rex", "age": 3}),
    "{operation: GET /pets, query: {kind: cat}}": ("GET", "/pets?kind=cat", None),
    "{operation: listPets, query: {kind: false}}": ("GET", "/pets", None),
    "{operation: getPet, path: {petId: 7}}": ("GET", "/pets/7", None),
    "{operation: [getPet, deletePet], path: {petId: {matches: '^9'}}}": (
        "DELETE",
        "/pets/91",
        None,
    ),
    "{operation: getPet, condition: path.petId > 100}": ("GET", "/pets/101", None),
    "{operation: listPets, fields: {x-tenant: acme}}": ("GET", "/pets", "acme"),
    "{operation: createPet, valid: false}": ("POST", "/pets", {"nme": "Rex"}),
    "{operation: createPet, body: {/name: {matches: '(?i)^REX', not: Tom}}}": (
        "POST",
        "/pets",
        {"name": "Rex II"},
    ),
}


@pytest.mark.parametrize("when", CONDITIONS)
def test_conditions_look_at_every_part_of_a_request(of_pets: Staged, when: str) -> None:
    stage = of_pets(f"scenarios: [{{name: it, when: {when}, answer: {{status: 404}}}}]")
    method, target, body = CONDITIONS[when]
    if body == "acme":
        assert stage.ask(method, target, X_Tenant="acme").scenario == "it"
    else:
        assert stage.ask(method, target, body).scenario == "it"
    others = [("GET", "/pets?kind=dog"), ("GET", "/pets/8"), ("DELETE", "/pets/8")]
    assert [stage.ask(*other).scenario for other in others] == ["", "", ""]
    assert stage.ask("POST", "/pets", {"name": "Tom"}).scenario == ""


def test_answers_of_any_document_are_given_as_it_has_them(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - when: {operation: listPets}
            answer: {body: [{id: 1, name: "{{ query.kind }}", kind: "{{ query.kind }}"}]}
          - when: {operation: getPet, path: {petId: 8}}
            answer: {example: cat}
          - when: {operation: getPet}
            answer: {body: {id: "{{ path.petId }}", name: Seven}}
          - when: {operation: createPet, body: {/name: Rex}}
            answer: {status: 409, body: {code: taken, message: "{{ request.name }} is taken"}}
          - when: {operation: watchPets}
            answer:
              events: [{id: 1}, {data: {id: 2}, event: update}]
              times: [0.5, 0.75]
        """)
    assert content(stage.ask("GET", "/pets?kind=cat")) == [{"id": 1, "name": "cat", "kind": "cat"}]
    assert content(stage.ask("GET", "/pets/8")) == {"id": 7, "name": "Tom"}
    assert content(stage.ask("GET", "/pets/7")) == {"id": 7, "name": "Seven"}
    taken = stage.ask("POST", "/pets", {"name": "Rex"})
    assert (status(taken), content(taken)["message"]) == (409, "Rex is taken")
    stream = replied(stage.ask("GET", "/watch")).stream
    assert stream is not None
    frames = (b'data: {"id":1}\n\n', b'event: update\ndata: {"id":2}\n\n')
    assert (stream.frames, stream.times) == (frames, (0.5, 0.75))


def test_a_file_beside_the_scenarios_is_an_answer(of_pets: Staged, tmp_path: Any) -> None:
    (tmp_path / "cat.png").write_bytes(b"\x89PNG")
    (tmp_path / "pets.json").write_text('[{"id": 1, "name": "Tom"}]')
    stage = of_pets("""
        scenarios:
          - {when: {operation: getPhoto}, answer: {file: cat.png}}
          - {when: {operation: listPets}, answer: {file: pets.json}}
        """)
    photo = replied(stage.ask("GET", "/pets/1/photo"))
    assert (photo.body, photo.fields[0]) == (b"\x89PNG", ("Content-Type", "image/png"))
    assert content(stage.ask("GET", "/pets")) == [{"id": 1, "name": "Tom"}]


def test_a_file_of_the_folder_that_an_answer_sends_has_no_scenarios(
    pets: Contract, tmp_path: Any
) -> None:
    (tmp_path / "pets.json").write_text('[{"id": 1, "name": "Tom"}]')
    (tmp_path / "z.yaml").write_text(
        "scenarios: [{when: {operation: listPets}, answer: {file: pets.json}}]"
    )
    stage = Stage(pets, tmp_path)
    stage.scenarios.open()
    assert content(stage.ask("GET", "/pets")) == [{"id": 1, "name": "Tom"}]
    (tmp_path / "pets.json").write_text('[{"id": 12, "name": "Tim"}]')
    stage.scenarios.reload()
    assert content(stage.ask("GET", "/pets")) == [{"id": 12, "name": "Tim"}]
    assert [each.error for each in stage.scenarios.files] == [None, None]


def test_a_success_that_is_written_is_given_where_the_document_would_refuse(
    of_pets: Staged,
) -> None:
    stage = of_pets("""
        scenarios:
          - when: {operation: deletePet, path: {petId: 7}}
            answers: [{status: 204}, {status: 404}]
        """)
    stage.responder.respond(Request("DELETE", "/pets/7"), now=0)
    asked = [status(stage.ask("DELETE", "/pets/7")) for _ in range(3)]
    assert asked == [204, 404, 404]


def test_a_request_that_the_document_refuses_is_not_answered_by_a_scenario(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - {name: made, when: {operation: createPet}, answer: {body: {id: 1, name: A}}}
        """)
    choice = stage.ask("POST", "/pets", {"nme": "Rex"})
    assert choice.reply is None
    assert choice.near[0].reason.startswith("the request is refused with 4")
    assert "'name' is missing" in choice.near[0].reason


def test_a_refused_request_for_a_stream_is_answered_with_one(of_chat: Staged) -> None:
    stage = of_chat("scenarios: [{name: it, when: {valid: any}, answer: {text: a b c}}]")
    stream = replied(stage.say("Hi", stream=True, temperature=9, max_tokens=2)).stream
    assert stream is not None
    assert b'"model":"small"' in stream.frames[0]
    assert b'"finish_reason":"length"' in b"".join(stream.frames)
    assert text(stage.say("Hi", stream="yes")) == "a b c"


def test_what_no_schema_can_refuse_is_refused_too(of_chat: Staged) -> None:
    stage = of_chat("""
        scenarios:
          - {name: plain, when: {user: plain}, answer: {text: a}}
          - {name: wrong, when: {user: wrong, valid: false}, answer: {text: b}}
          - {name: both, when: {user: both, valid: any}, answer: {text: c}}
          - {name: usual, when: {user: usual, valid: any}, answer: {fields: {X-Said: once}}}
        """)
    choice = {"type": "function", "function": {"name": "nothing"}}
    refused = stage.say("plain", tools=[WEATHER], tool_choice=choice)
    assert "the tool 'nothing' is to be called, and is not offered" in refused.near[0].reason
    assert stage.say("wrong").scenario == ""
    for word, said in (("wrong", "b"), ("both", "c")):
        answered = stage.say(word, tools=[WEATHER], tool_choice=choice, max_tokens=50)
        assert (answered.scenario, text(answered)) == (word, said)
    usual = stage.say("usual", tools=[WEATHER], tool_choice=choice)
    assert (status(usual), ("X-Said", "once") in replied(usual).fields) == (200, True)


def test_what_templates_make_is_held_to_the_document_again(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - name: kinds
            when: {operation: listPets}
            answer: {body: [{id: 1, name: Tom, kind: "{{ query.kind }}"}]}
        """)
    assert status(stage.ask("GET", "/pets?kind=dog")) == 200
    failed = stage.ask("GET", "/pets?kind=bird")
    assert status(failed) == 500
    assert "'bird' is not one of 'cat', 'dog'" in message(failed)


def test_a_template_that_reads_what_is_not_there_says_so(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - name: deep
            when: {operation: createPet}
            answer: {body: {id: 1, name: "{{ request.owner.name }}"}}
        """)
    failed = stage.ask("POST", "/pets", {"name": "Rex"})
    assert status(failed) == 500
    assert "scenes.yaml:5:28: {{request.owner.name}} has no value" in message(failed)


def test_a_request_can_name_the_scenario_that_answers(talk: Stage) -> None:
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer any"))
    body = b'{"model": "m", "messages": [{"role": "user", "content": "anything"}]}'
    request = Request("POST", "/v1/chat/completions", fields, body)
    assert text(talk.send(request, wanted="greeting")) == "Hello! You said: anything."
    missing = talk.send(request, wanted="greting")
    assert status(missing) == 400
    assert "did you mean 'greeting'?" in message(missing)


# -- files that change


def test_a_file_is_read_anew_when_it_changes_and_looked_at_once_a_second(talk: Stage) -> None:
    assert not talk.scenarios.look(5)
    talk.path.write_text("scenarios: [{name: new, answer: {text: New}}]")
    assert not talk.scenarios.look(5), "it is the same second"
    assert talk.say("hello").scenario == "greeting"
    assert talk.scenarios.look(6)
    assert talk.say("hello").scenario == "new"
    assert talk.told == [f"{talk.path} was read anew: 1 scenario"]


def test_a_broken_edit_leaves_the_last_good_version_and_tells_where(talk: Stage) -> None:
    talk.path.write_text("scenarios:\n  - name: new\n    anser: {text: New}\n")
    talk.scenarios.reload()
    assert talk.say("hello").scenario == "greeting"
    (sentence,) = talk.told
    assert f"{talk.path}:3:5: 'anser' is not declared" in sentence
    assert "did you mean 'answer'?" in sentence
    assert talk.scenarios.files[0].error is not None


def test_a_file_that_an_edit_names_before_it_is_there_is_noticed(of_pets: Staged) -> None:
    stage = of_pets("scenarios: [{when: {operation: getPhoto}, answer: {status: 404}}]")
    stage.path.write_text(stage.path.read_text().replace("status: 404", "file: rex.png"))
    assert stage.scenarios.reload()
    assert "rex.png" in stage.told[-1]
    assert not stage.scenarios.reload()
    stage.path.with_name("rex.png").write_bytes(b"PNG")
    assert stage.scenarios.reload()
    assert replied(stage.ask("GET", "/pets/1/photo")).body == b"PNG"


def test_a_folder_is_all_the_files_in_it_and_those_to_come(chat: Contract, tmp_path: Any) -> None:
    (tmp_path / "b.yaml").write_text("scenarios: [{answer: {text: b}}]")
    stage = Stage(chat, tmp_path)
    stage.scenarios.open()
    assert stage.say("hi").scenario == "b-1"
    (tmp_path / "a.json").write_text('{"scenarios": [{"answer": {"text": "a"}}]}')
    assert stage.scenarios.reload()
    assert stage.say("hi").scenario == "a-1"
    os.unlink(tmp_path / "a.json")
    assert stage.scenarios.reload()
    assert not stage.scenarios.reload()
    assert stage.say("hi").scenario == "b-1"


def test_only_active_scenarios_answer(talk: Stage) -> None:
    talk.scenarios.active = frozenset({"report"})
    assert talk.say("hello").scenario == ""


def test_reasoning_is_said_before_the_text_in_a_body_and_in_a_stream(of_chat: Staged) -> None:
    stage = of_chat('scenarios: [{answer: {reasoning: "Six by seven.", text: "42"}}]')
    said = content(stage.say("What is it?"))["choices"][0]["message"]
    assert (said["reasoning_content"], said["content"]) == ("Six by seven.", "42")
    stream = replied(stage.say("What is it?", stream=True)).stream
    assert stream is not None
    deltas = [json.loads(frame[6:])["choices"][0]["delta"] for frame in stream.frames[:-1]]
    pieces = [delta.get("reasoning_content", delta.get("content", "")) for delta in deltas]
    assert pieces == ["", "Six", " by", " seven", ".", "42", ""]


@pytest.mark.parametrize(
    ("source", "text", "is_in"),
    [
        ("^(a+)+$", "a" * 5000 + "!", False),
        ("(a|a)*b", "a" * 60, False),
        ("a?" * 30 + "a" * 30, "a" * 29, False),
        (r"\s+$", " " * 50_000 + "x", False),
        (r"(\w+) (\w+)\Z", "zum Glück", True),
        (r"\\Z", "C:\\Z", True),
        (r"(?i)^hi\b", "HI there", True),
        (r"\d+", "٣", True),
    ],
)
def test_an_expression_takes_no_more_time_than_the_text_is_long(
    source: str, text: str, is_in: bool
) -> None:
    pattern = Pattern.of(source)
    assert pattern is not None
    assert pattern.is_in(text) is is_in


def test_a_condition_that_takes_too_long_does_not_hold_and_says_so(
    of_pets: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "LONGEST", 0.02)
    monkeypatch.setattr(templates, "LONGEST", 0.02)
    text = "request.tags.map(a, request.tags).exists(b, b[0] == 'none')"
    stage = of_pets(
        f"""
        scenarios:
          - when: {{operation: createPet, condition: "{text}"}}
            answer: {{status: 404}}
          - when: {{operation: createPet}}
            answer: {{status: 404, fields: {{X-Any: "{{{{ {text} }}}}"}}}}
        """
    )
    choice = stage.ask("POST", "/pets", {"name": "Rex", "tags": ["t"] * 300})
    assert "takes more than 0.02 s" in choice.near[0].reason
    assert b"takes more than 0.02 s" in (choice.reply.body or b"")
