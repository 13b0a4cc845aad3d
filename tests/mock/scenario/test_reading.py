"""What is wrong with a file of scenarios is told where it stands, and with what to do about it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import Stage
from troth.openapi.contract import Contract
from troth_mock.scenario import form
from troth_mock.scenario.reading import BadScenarios
from troth_mock.scenario.scenarios import NoScenarios

Staged = Callable[[str], Stage]
DOCS = Path(__file__).parents[3] / "docs"


def faults(stage: Staged, text: str) -> list[str]:
    with pytest.raises(BadScenarios) as raised:
        stage(text)
    return [str(error).partition("scenes.yaml:")[2] for error in raised.value.errors]


BAD_PETS = {
    "{when: {operation: getPets}, answer: {status: 404}}": (
        "1:21: no operation is called 'getPets'",
        "Did you mean 'getPet'?",
    ),
    "{when: {operation: listPets}, answer: {body: {}}}": (
        "1:52: the document does not let GET /pets answer so: {} is not of type array",
        "or add `force: true`",
    ),
    "{when: {operation: getPet}, answer: {body: {id: one, name: '{{ 1 }}', kind: owl}}}": (
        "1:57: the document does not let GET /pets/{petId} answer so: 'one' is not of type integer",
        "1:83: the document does not let GET /pets/{petId} answer so: 'owl' is not one of",
    ),
    "{when: {operation: getPet}, answer: {text: hello}}": (
        "1:50: the document does not let GET /pets/{petId} answer so: it has no x-troth-completion",
    ),
    "{answer: {text: hello}}": ("the document has no chat completion",),
    "{answer: {body: {}}}": (
        "1:14: which operation answers so is not said",
        "Add `operation` to `when`, or `force: true`",
    ),
    "{when: {operation: deletePet}, answer: {body: {}}}": ("a 204 has no content",),
    "{when: {operation: getPet}, answer: {status: 202}}": ("202 is not one of the declared",),
    "{when: {operation: getPet}, answer: {example: dog}}": ("no example of that name; it has cat",),
    "{when: {operation: getPet}, answer: {events: [1]}}": ("it has no stream",),
    "{when: {operation: getPhoto}, answer: {file: no.png}}": ("1:52: cannot read", "No such file"),
    "{when: {operation: getPet}, answer: {status: 404, pace: slwo}}": ("did you mean 'slow'?",),
    "{when: {operation: getPet}, answer: {fail: dorp}}": ("1:50: fault 'dorp'",),
    "{when: {operation: getPet}, answer: {fail: 503 on getPets}}": (
        "1:50: fault '503 on getPets': the document has no operation 'getPets'",
        "Did you mean 'getPet'?",
    ),
    "{when: {fields: {x-a: {matches: '(a'}}}, answer: {status: 500}}": (
        "this is no regular expression: missing ), unterminated subpattern",
    ),
    r"{when: {fields: {x-a: {matches: '(a)\1'}}}, answer: {status: 500}}": (
        "is too large, or looks around or back",
    ),
    "{when: {condition: 'size(request.nam'}, answer: {status: 500}}": (
        "this is no CEL expression: missing ')' at the end",
    ),
    "{when: {condition: requst.name == 1}, answer: {status: 500}}": ("Did you mean 'request'?",),
    "{when: {operation: getPet}, answer: {body: {id: 1, name: '{{ pth.petId }}'}}}": (
        "1:64: 'pth' is no variable",
        "Did you mean 'path'?",
    ),
    "{when: {operation: getPet}, answer: {body: {id: 1, name: 'a {{ path.petId b'}}}": (
        "1:64: a template is not closed",
        "with `templates: false` the text stands as it is",
    ),
    "{answer: {status: 500, fields: {content-Length: 3}}}": (
        "1:45: content-Length is the server's to set",
    ),
    "{when: {operation: getPet}, answer: {status: 404, fields: {Content-type: text/css}}}": (
        "1:72: the document does not let GET /pets/{petId} answer so: 'text/css' is not one of",
    ),
    "{when: {operation: getPet}, answer: {fields: {Content-type: text/css}}}": (
        "1:59: the document does not let GET /pets/{petId} answer so: 'text/css' is not one of",
    ),
    "{when: {path: {petIt: 3}}, answer: {status: 500}}": (
        "1:28: no operation that is meant has the path parameter 'petIt'",
        "Did you mean 'petId'?",
    ),
    "{when: {operation: listPets, path: {petId: 3}}, answer: {status: 500}}": (
        "no operation that is meant has the path parameter 'petId'",
    ),
    "{anser: {status: 500}}": ("1:14: 'anser' is not declared", "did you mean 'answer'?"),
    "{when: {usr: x}, answer: {status: 500}}": ("did you mean 'user'?",),
    "{answer: {status: 99}}": ("99 is below the minimum of 200",),
    "{name: a, answer: {status: 500}}, {name: a, answer: {status: 501}}": (
        "there is another scenario called 'a' at",
        "Rename one of them.",
    ),
    "{answer: {status: 500}, after: again}": ("`after` says what follows several `answers`",),
    "{answer: {status: 500}, answers: [{status: 500}]}": ("`answer` or `answers`, not both",),
    "{when: {operation: watchPets}, answer: {events: [1, 2], times: [0.1]}}": (
        "`times` has a time for each of `events`",
    ),
    "{answer: {text: a, body: b}}": ("the document has no chat completion",),
}


ALL_AT_ONCE = """\
scenarios:
- when: {operation: [getPets, getPet], usr: x, fields: {a: {matches: (a}, b: {matches: (b}}}
  answer: {body: ['{{ usr }}', '{{ pth }}'], pace: slwo, fail: [dorp, 429 evry], fields: {Date: n}}
- when: {path: {petIt: 3}, condition: 'size(', user: {}}
  answer: {status: 99, pace: fats}
- answers: [{status: 500, fail: 99, anser: a}, {example: owl}, {file: no.png}]
  after: agian
- {note: none}
- none
"""


def test_all_that_is_wrong_in_a_file_is_told_at_once(of_pets: Staged) -> None:
    assert [one.partition(": ")[0] for one in faults(of_pets, ALL_AT_ONCE)] == [
        *("2:22", "2:40", "2:61", "2:79"),
        *("3:19", "3:32", "3:46", "3:65", "3:71", "3:91"),
        *("4:17", "4:28", "4:48", "5:12", "5:24"),
        *("6:27", "6:37", "6:49", "6:65", "7:3"),
        *("8:3", "9:3"),
    ]


def test_an_example_that_no_operation_has_is_refused(of_pets: Staged) -> None:
    told = faults(of_pets, "scenarios: [{answer: {example: cta}}, {answer: {example: cat}}]")
    assert told == [
        "1:23: no operation has an example 'cta' in an answer so (at /scenarios/0/answer/example)\n"
        "Did you mean 'cat'?"
    ]
    of_error = "scenarios: [{when: {operation: getPet}, answer: {status: 418, example: cat}}]"
    assert "no example of that name; it has none" in faults(of_pets, of_error)[0]


@pytest.mark.parametrize("scenario", BAD_PETS)
def test_what_is_wrong_is_told_where_it_stands(of_pets: Staged, scenario: str) -> None:
    told = "\n".join(faults(of_pets, f"scenarios: [{scenario}]"))
    for part in BAD_PETS[scenario]:
        assert part in told


def test_what_no_chat_says_is_refused_by_its_member(of_chat: Staged) -> None:
    told = faults(of_chat, "scenarios:\n  - answer: {text: a, body: {}}\n")
    assert told == ["2:23: an answer has `text` or `body`, not both (at /scenarios/0/answer/body)"]


@pytest.mark.parametrize("status", [400, 503, 204])
def test_only_a_success_is_a_completion(of_chat: Staged, status: int) -> None:
    (told,) = faults(
        of_chat, f"scenarios: [{{answer: {{status: {status}, text: a, force: true}}}}]"
    )
    assert "only a success is a completion; `body` says what an error is" in told


def test_everything_that_is_wrong_is_told_at_once_in_its_order(of_pets: Staged) -> None:
    told = faults(
        of_pets,
        """
        scenarios:
          - {when: {operation: getPet}, answer: {body: {id: 1}}}
          - {when: {operation: nothing}, answer: {status: 500}}
          - {when: {operation: listPets}, answer: {body: [{id: 1}]}}
        """,
    )
    assert [line.partition(":")[0] for line in told] == ["3", "4", "5"]


@pytest.mark.parametrize("text", ["", "- name: a\n", "hello", "scenarios: 1"])
def test_a_file_of_another_form_is_told_which_is_right(of_pets: Staged, text: str) -> None:
    (told,) = faults(of_pets, text)
    assert "a file of scenarios begins with `scenarios:`" in told or "of type array" in told


def test_what_is_no_scenario_is_told(of_pets: Staged) -> None:
    told = faults(of_pets, "scenarios:\n  -\n  - 5\n  - answers\n  - [answers]\n")
    assert [line.partition(":")[0] for line in told] == ["2", "3", "4", "5"]


def test_yaml_that_is_none_names_its_line(of_pets: Staged) -> None:
    (told,) = faults(of_pets, "scenarios:\n  - {answer: {text: x}\n")
    assert told.startswith("3:1: not valid YAML")


def test_force_lets_an_answer_pass_that_the_document_does_not_allow(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - {when: {operation: listPets}, answer: {body: {}, force: true}}
          - {when: {operation: getPet}, answer: {status: 202, body: [1], force: true}}
        """)
    listed, read = (stage.ask("GET", path).reply for path in ("/pets", "/pets/1"))
    assert listed is not None
    assert read is not None
    assert (listed.status, listed.body, read.status, read.body) == (200, b"{}", 202, b"[1]")


def test_a_text_with_braces_is_no_template_where_it_says_so(of_pets: Staged) -> None:
    stage = of_pets("""
        scenarios:
          - when: {operation: getPet}
            answer: {body: {id: 1, name: "{{ name }}"}, templates: false}
        """)
    reply = stage.ask("GET", "/pets/1").reply
    assert reply is not None
    assert reply.body == b'{"id":1,"name":"{{ name }}"}'


def test_there_have_to_be_scenarios(pets: Contract, tmp_path: Path) -> None:
    with pytest.raises(NoScenarios, match="no such file or folder"):
        Stage(pets, tmp_path / "none.yaml").scenarios.open()
    with pytest.raises(NoScenarios, match=r"no files that end in \.yaml"):
        Stage(pets, tmp_path).scenarios.open()
    Stage(pets, tmp_path).scenarios.open(may_be_none=True)


def test_scenarios_are_held_to_a_document_that_was_read_anew(
    of_pets: Staged, chat: Contract, pets: Contract
) -> None:
    stage = of_pets("scenarios: [{when: {operation: getPet}, answer: {body: {id: 1, name: A}}}]")
    stage.scenarios.use(chat)
    assert "no operation is called 'getPet'" in stage.told[0]
    assert len(stage.scenarios.all) == 1, "the last good version stays"
    stage.scenarios.use(pets)
    assert stage.scenarios.files[0].error is None


def test_the_schema_for_editors_is_the_one_that_files_are_held_to() -> None:
    assert (DOCS / "scenario.schema.json").read_text(encoding="utf-8") == form.schema_text(), (
        "write docs/scenario.schema.json anew: it is what scenario.form.schema_text() gives"
    )
    jsonschema.Draft202012Validator.check_schema(json.loads(form.schema_text()))


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"scenarios": [{"answer": {"text": "a"}, "when": {"user": {"is": "b"}}}]}, True),
        ({"scenarios": [{"answer": {"text": "a"}, "when": {"user": 1}}]}, False),
        ({"scenarios": [{"when": {}}]}, False),
    ],
)
def test_the_schema_for_editors_takes_what_troth_takes(value: Any, good: bool) -> None:
    schema = json.loads(form.schema_text())
    assert jsonschema.Draft202012Validator(schema).is_valid(value) is good


def test_what_an_answer_sends_is_a_file_of_the_folder(of_pets: Staged, tmp_path: Path) -> None:
    outside = tmp_path.parent / "secret.txt"
    outside.write_text("secret")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "../secret.txt": f"is not in {tmp_path}",
        str(outside): f"is not in {tmp_path}",
        "/dev/zero": f"is not in {tmp_path}",
        "link": f"is not in {tmp_path}",
        "pipe": "it is a pipe or a device, no file",
        ".": "Is a directory",
        "loop": "Too many levels of symbolic links",
        "a\0": "null byte",
    }.items():
        scenario = f"{{when: {{operation: getPhoto}}, answer: {{file: {json.dumps(name)}}}}}"
        (told,) = faults(of_pets, f"scenarios: [{scenario}]")
        assert why in told, name
        assert told.startswith("1:52: ")


def test_a_pipe_has_no_scenarios(pets: Contract, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BadScenarios, match="it is a pipe"):
        Stage(pets, tmp_path / "pipe.yaml").scenarios.open()


WRITTEN = """
scenarios:
  - name: seven
    when: {operation: getPet, path: {petId: 7}, fields: {X-A: {matches: "(?i)^a\\\\b"}}}
    answers:
      - {status: 404, fields: {Retry-After: 1}, fail: drop after 5 bytes, pace: slow}
      - body: {id: "{{ path.petId }}", name: "Seven {{ count }}"}
    after: pass
  - when: {condition: "size(request.name) > 3", body: {/name: {contains: x}}, valid: any}
    answer: &one {status: 500, force: true}
  - {when: {operation: watchPets}, answer: {events: [1, {data: 2, id: a}], times: [0, 0.5]}}
  - {when: {query: {kind: true}}, answer: *one}
"""
#: What damages a file of scenarios.
PIECES = (
    *"{}[]:,-&*!|>'\"#?%~",
    *(
        "\n",
        "\t",
        "  ",
        "- ",
        "\x00",
        "\x85",
        "é",
        "{{",
        "}}",
        "null",
        "1e999",
        "!!binary ",
        "<<: ",
    ),
    *("*one", "---\n", "...", "9" * 400, "-1", ".inf", "name: ", "answer: ", "file: ..", "text: a"),
    *("example: x", "calls: [a]", "request.x", ".map(a, a)", "'('", ""),
)
DAMAGE = st.tuples(st.integers(0, len(WRITTEN)), st.integers(0, 12), st.sampled_from(PIECES))


@settings(max_examples=25)
@given(st.lists(DAMAGE, min_size=1, max_size=5))
def test_a_file_that_is_damaged_is_told_with_its_places_and_changes_nothing(
    pets: Contract, tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int, str]]
) -> None:
    path = tmp_path_factory.mktemp("scenes") / "scenes.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    stage = Stage(pets, path)
    stage.scenarios.open()
    before = stage.scenarios.all
    text = WRITTEN
    for at, size, piece in damage:
        text = text[:at] + piece + text[at + size :]
    path.write_text(text + "#", encoding="utf-8")
    stage.scenarios.reload()
    (file,) = stage.scenarios.files
    if file.error is not None:
        assert stage.scenarios.all == before
        first = str(file.error).partition("\n")[0]
        assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", first), first
    stage.ask("GET", "/pets/7", X_A="a")
    stage.ask("POST", "/pets", {"name": "Rexx"})
