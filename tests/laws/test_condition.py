"""Conditions in CEL: what they see, what they refuse, and that judging never raises."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.document import document
from troth.errors import Place, SpecError
from troth.laws import condition
from troth.laws.condition import UNDECIDED, UNENDING, Facts, parse
from troth.laws.declared_members import Shapes, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["choices", "index", "delta", "role", "id", "usage", "n", "message"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def holds(source: str, **variables: Any) -> bool | None:
    alone = parse(source).holds(variables)
    scope = parse(source).scope
    for facts in (Facts(variables), Facts(variables, scope)):
        assert parse(source).holds(facts) is alone
    return alone


NOTHING = {"type": "object", "required": ["a"], "properties": {"a": False}}


@pytest.mark.parametrize(
    ("source", "request_", "verdict"),
    [
        ("request.stream == true", {"stream": True}, True),
        ("request.stream == true", {}, False),
        ("request.stream != true", {}, True),
        ("request.stream == null", {}, True),
        ("request.a.b == null", {}, None),
        ("request.n + 1 == 2", {"n": 1.0}, True),
        ("request.n == 1", {"n": 1.0}, True),
        ("request.n < 2", {"n": 1.5}, True),
        ("request.n > 0", {"n": 2**70}, True),
        ("request.n > 0", {"n": 10**400}, True),
        ("request.n + 1 > 0", {"n": 2**63 - 1}, None),
        ("type(request.n) == int", {"n": 2.0**62}, True),
        ("type(request.n) == double", {"n": 2.0**63}, True),
        ("type(request.n) == double", {"n": -(2.0**63)}, True),
        ("request.n == 1", {"n": True}, False),
        ("request.s == 'x'", {"s": "\ud800"}, False),
        ("characters(request.s) == 1", {"s": "\ud83d\ude42"}, True),
        ("request.s.startsWith('x')", {"s": None}, None),
        ("request.n", {"n": 1}, None),
        ("type(request.t) == map", {"t": {}}, True),
        ("type(request.t) == map", {"t": "none"}, False),
        ("type(request.t) == list", {"t": []}, True),
        ("request == null", None, True),
        ("request.stream == true", [1], None),
        ("'a' in request.t && request.x in ([1, 2])", {"t": {"a": 1}, "x": 2}, True),
        ("request.t.exists(x, x.a == 1)", {"t": [{"a": 2}, {"a": 1}]}, True),
        ("'request.zz // nope' != r'\\' // requst.n", {}, True),
    ],
)
def test_a_condition_reads_plain_json(source: str, request_: Any, verdict: bool | None) -> None:
    assert holds(source, request=request_) is verdict


def test_a_condition_over_a_variable_without_a_value_is_undecided() -> None:
    assert parse("size(events) == 0").holds({"request": {}}) is None


def test_a_value_that_nests_beyond_any_sense_is_undecided_and_harms_nobody() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert holds("size(request.x) == 1", request={"x": deep}) is None
    assert holds("request.n == null", request={"x": deep}) is True


@pytest.mark.parametrize(
    ("source", "fault", "advice"),
    [
        ("requst.n == 1", "'requst' is no variable of a condition", "Did you mean 'request'?"),
        ("siz(request.n)", "'siz' is no function of a condition", "Did you mean 'size'?"),
        (
            "coalesce()",
            "coalesce() takes 1 to 9 argument(s), a receiver counted, not 0",
            "",
        ),
        (
            "size(request.n, [1, 2], {'a': 1})",
            "size() takes 1 argument(s), a receiver counted, not 3",
            "",
        ),
    ],
)
def test_a_slip_of_the_author_is_told_with_a_caret(source: str, fault: str, advice: str) -> None:
    place = Place("api.yaml", 7, 3)
    with pytest.raises(SpecError) as caught:
        parse(source, "/x-troth-when", place)
    error = caught.value
    assert (error.fault, error.place, error.pointer) == (fault, place, "/x-troth-when")
    assert error.advice == f"  {source}\n  ^" + ("\n" + advice if advice else "") or "^" in advice


def test_the_caret_stands_below_the_fault_on_its_own_line() -> None:
    with pytest.raises(SpecError) as caught:
        parse("request.n == 1 &&\n  respnse.x == 2")
    assert caught.value.advice == "    respnse.x == 2\n    ^\nDid you mean 'response'?"


@pytest.mark.parametrize(
    "source", ["request.n ==", "a b", "", "  ", None, 3, "'x", "(" * 200, "1" * 30000]
)
def test_what_is_no_expression_is_refused(source: Any) -> None:
    with pytest.raises(SpecError):
        parse(source)


@pytest.mark.parametrize(
    ("source", "variables", "verdict"),
    [
        ("coalesce(request.a, request.b, 3) == 3", {"request": {}}, True),
        ("coalesce(request.a, 3) == false", {"request": {"a": False}}, True),
        ("is_json(request.t)", {"request": {"t": "null"}}, True),
        ("is_json(request.t)", {"request": {"t": "{"}}, False),
        ("is_json(request.t)", {"request": {"t": "NaN"}}, False),
        ("is_json(request.t)", {"request": {"t": None}}, False),
        ("parse_json(request.t).a == 1", {"request": {"t": '{"a": 1.0}'}}, True),
        ("parse_json(request.t) == null", {"request": {"t": "{"}}, True),
        ("type(parse_json(request.t)) == map", {"request": {"t": "[]"}}, False),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": {"type": "integer"}}}, True),
        ("conforms(request.v, request.s)", {"request": {"v": "", "s": {"type": "integer"}}}, False),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": {"type": "number!"}}}, None),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": {"$ref": "http://x/"}}}, None),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": 1}}, None),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": False}}, None),
        ("conforms(request.v, request.s)", {"request": {"v": 1, "s": NOTHING}}, None),
        ("distinct(request.t) == [1, '1', true]", {"request": {"t": [1, "1", 1.0, True, 1]}}, True),
        ("distinct(request.t) == []", {"request": {"t": 1}}, None),
        ("sort(request.t) == [1, 2, 3]", {"request": {"t": [3, 1, 2]}}, True),
        ("size(sort(request.t)) == 2", {"request": {"t": [3, "1"]}}, None),
        ("sum(request.t) == 6 && sum([]) == 0", {"request": {"t": [3, 1, 2]}}, True),
        ("sum(request.t) > 0", {"request": {"t": [True]}}, None),
        ("flatten(request.t) == [1, [2]]", {"request": {"t": [[1], None, [[2]]]}}, True),
        (
            "join(request.t) == 'ab' && join(request.t, '-') == 'a-b'",
            {"request": {"t": ["a", "b"]}},
            True,
        ),
        ("size(join(request.t)) == 0", {"request": {"t": [1]}}, None),
        ("range(3) == [0, 1, 2] && range(0) == []", {}, True),
        ("size(range(request.t)) == 0", {"request": {"t": 10**9}}, None),
        (
            "present(request.t) == [0, false, 'a']",
            {"request": {"t": [None, 0, "", [], {}, False, "a"]}},
            True,
        ),
        (
            "first_at(request.t) == 1 && last_at(request.t) == 2",
            {"request": {"t": ["", 1, 2, None]}},
            True,
        ),
        (
            "first_at(request.t) == 2 && last_at(request.t) == -1",
            {"request": {"t": ["", None]}},
            True,
        ),
        (
            "pluck(events, 'a') == [1, null, null, null]",
            {"events": [{"a": 1}, {}, 3, {"a": None}]},
            True,
        ),
        (
            "pluck(events, 'a.b') == [1, null, 2]",
            {"events": [{"a": [{"b": 1}, {}]}, {"a": {"b": 2}}, {}]},
            True,
        ),
        ("pluck(request.t, 'a') == [1]", {"request": {"t": [{"a": 1.0}]}}, True),
        ("pluck(request.t, 'a') == [1]", {"request": {"t": 3}}, None),
        ("pluck(events, 'a') == [1] && size(events) == 1", {"events": [{"a": 1}]}, True),
        (
            "series(events, 'c', ['c.i'], ['c.t', 'u']) == "
            "[{'t': ['a', 'b'], 'u': [1, 2]}, {'t': [null], 'u': [1]}]",
            {
                "events": [
                    {"u": 1, "c": [{"i": 0, "t": "a"}, {"i": 1}]},
                    {"u": 2, "c": [{"i": 0, "t": "b"}]},
                ]
            },
            True,
        ),
        (
            "series(events, 'c.d', ['c.i', 'c.d.j'], ['c.d.t']).map(g, g.t) == [['a', 'c'], ['b']]",
            {
                "events": [
                    {
                        "c": [
                            {"i": 0, "d": [{"j": 0, "t": "a"}]},
                            {"i": 1, "d": [{"j": 0, "t": "b"}]},
                        ]
                    },
                    {"c": [{"i": 0, "d": [{"j": 0, "t": "c"}]}, {"i": 1, "d": None}]},
                ]
            },
            True,
        ),
        ("series(events, 'c', [], ['c.t']) == null", {"events": []}, None),
        ("series(events, 'c', ['c.i'], ['c.t']) == []", {"events": []}, True),
    ],
)
def test_a_function_gives_a_value_or_leaves_the_condition_undecided(
    source: str, variables: dict[str, Any], verdict: Any
) -> None:
    assert holds(source, **variables) is verdict


def test_error_values_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert holds("size(sort(request.t)) == 2", request={"t": [1, "1"]}) is None
    assert caplog.records == []


@given(JSON, JSON)
@example(float("inf"), {"n": float("-inf")})
def test_judging_never_raises(left: Any, right: Any) -> None:
    known = {"request": left, "response": right, "events": [left, right]}
    for source in (
        "request.n == response.n",
        "size(response.choices) == request.n + 1",
        "response.choices.all(c, c.index < request.n && c.message.content == null)",
        "series(events, 'choices', ['choices.index'], ['choices.delta.role', 'id'])"
        ".all(c, first_at(c.role) <= last_at(c.id))",
        "conforms(request, response) || is_json(request) || sort(distinct(events)) == [1]",
        "sum(pluck(events, 'n')) > size(join(flatten(events)))",
    ):
        holds(source, **known)


SPEC = b"""
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    Tree:
      type: object
      properties:
        n: {type: integer}
        kids: {type: array, items: {$ref: '#/components/schemas/Tree'}}
        either:
          oneOf: [{type: 'null'}, {$ref: '#/components/schemas/Leaf'}]
      additionalProperties: {$ref: '#/components/schemas/Leaf'}
    Leaf:
      allOf:
        - {type: object, properties: {a: {}}}
        - if: {required: [a]}
          then: {properties: {b: {}}}
"""
ROOT = document.read(SPEC).root
TREE = Shapes(ROOT).of([ROOT["components"]["schemas"]["Tree"]])


def test_declared_members_that_are_absent_read_as_null() -> None:
    instance = {"kids": [{"n": 1.0, "kids": []}, 3], "either": {"c": 1}, "other": {}}
    assert read(instance, TREE) == {
        "n": None,
        "kids": [{"n": 1, "kids": [], "either": None}, 3],
        "either": {"a": None, "b": None, "c": 1},
        "other": {"a": None, "b": None},
    }
    assert instance["either"] == {"c": 1}


@given(JSON)
def test_filling_keeps_what_is_there(value: Any) -> None:
    filled = read(value, TREE)
    again = read(filled, TREE)
    assert json.dumps(again) == json.dumps(filled)
    if isinstance(value, dict):
        assert value.keys() <= filled.keys() | {"n", "kids", "either"} or any(
            not name.isascii() for name in value
        )


def test_a_condition_is_shared_between_threads() -> None:
    condition = parse("size(distinct(request.t)) == request.n")
    found: list[bool | None] = []

    def judge(number: int) -> None:
        for _ in range(200):
            found.append(condition.holds({"request": {"t": list(range(number)), "n": number}}))

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 800


def test_only_the_members_that_conditions_read_are_copied() -> None:
    condition = parse("request.n == 1 && request.stream == true")
    scope = condition.scope
    assert dict(scope.members) == {"request": frozenset({"n", "stream"})}
    assert scope.read("request", {"n": 1, "messages": [{}] * 100}) == {"n": 1, "stream": None}
    assert parse("request['n'] == 1 && request.m == null").scope.whole == {"request"}
    assert parse("pluck(events, 'id') == []").copied == frozenset()


_TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
_LONG = "a + b + c + d + e + f > -1"
for _name in "fedcba":
    _LONG = f"request.all({_name}, {_LONG})"


@pytest.mark.parametrize(
    "source",
    [
        _LONG,
        # the library copies what was gathered at every step
        "size(request.map(a, request)) > 0",
        "request.map(a, [a, request]).exists(b, b[0] == -1 // none\n)",
    ],
)
def test_what_takes_too_long_has_no_value(source: str) -> None:
    compiled = parse(source, seconds=0.02)
    assert compiled.value({"request": [1, 2]}) in (True, False)
    assert compiled.value({"request": [1] * 200}) is UNENDING
    assert compiled.holds({"request": [1] * 200}) is None
    facts = Facts({"request": [1] * 200}, compiled.scope)
    assert compiled.value(facts) is UNENDING


def test_all_conditions_on_a_large_exchange_share_the_time_that_one_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(condition, "_LONG", 0.0)
    first = parse("size(request.map(a, a)) > 0")
    second = parse("size(request) > 0")
    facts = Facts({"request": [1] * 300}, first.scope)
    assert (first.holds(facts), second.holds(facts)) == (True, True)
    assert 0 < facts.spent < 10
    assert facts.left == pytest.approx(10 - facts.spent)
    facts.spent = 10.5
    assert facts.left == 0
    assert second.value(facts) is UNENDING
    assert second.holds({"request": [1] * 300}) is True


def test_what_takes_too_long_whatever_is_asked_is_refused() -> None:
    with pytest.raises(SpecError) as refused:
        parse(_LONG.replace("request", _TEN), seconds=0.02)
    assert "takes more than 0.02 s, whatever is asked" in str(refused.value)


def test_a_condition_means_the_same_where_its_time_is_counted() -> None:
    facts = {"request": [3, 1, 2]}
    for source, value in (
        ("request.map(a, a > 1, a * 2)", [6, 4]),
        ("request.filter(a, a > 1).map(b, // all\n b)", [3, 2]),
        ("request.exists_one(a, a == 1) && request.all(a, a in [1, 2, 3])", True),
        ("request.map(a, {'a)': [a, ',']})[0]['a)'][1]", ","),
        ("request.exists(a, a == 'x') || request.map(a, a.b) == []", UNDECIDED),
    ):
        assert parse(source).value(facts) == value
