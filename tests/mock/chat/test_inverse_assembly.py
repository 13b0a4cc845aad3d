"""Assembly rules read backwards: an item that says a whole body folds to that body."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from troth.openapi.stream_assembly import Assembly, Rule, fold
from troth_mock.chat.chunking import inverse, locate, unfold

SCALARS = st.integers(0, 9) | st.text(max_size=4) | st.booleans()
NAMES = ("a", "b", "c")


@st.composite
def rules_and_body(draw: st.DrawFn, depth: int = 2) -> tuple[dict[str, Rule], dict[str, Any]]:
    rules: dict[str, Rule] = {}
    body: dict[str, Any] = {}
    for name in NAMES:
        kinds = ["last", "first", "concatenate", "append", "plain"]
        kind = draw(st.sampled_from([*kinds, "merge", "keyed"] if depth else kinds))
        new = f"{name}_" if draw(st.booleans()) else None
        said = new or name
        if kind == "plain":
            body[name] = draw(SCALARS)
            continue
        if kind in ("merge", "keyed"):
            members, inner = draw(rules_and_body(depth - 1))
            if kind == "merge":
                rules[name] = Rule("merge", new, members=members)
                body[said] = inner
            else:
                drops = draw(st.booleans())
                rules[name] = Rule("keyed", new, key="k", drops_key=drops, members=members)
                body[said] = [
                    dict(inner) if drops else {"k": index, **inner}
                    for index in range(draw(st.integers(0, 3)))
                ]
            continue
        rules[name] = Rule(kind, new)
        values = {"concatenate": st.text(max_size=4), "append": st.lists(SCALARS, max_size=3)}
        body[said] = draw(values.get(kind, SCALARS))
    return rules, body


@given(rules_and_body())
def test_the_item_folds_to_the_body_it_was_made_of(drawn):
    rules, body = drawn
    item = unfold(inverse(rules), body)
    assert fold(Assembly("application/json", rules, ""), [item]) == body


def test_null_and_what_the_rules_drop_are_left_out():
    rules = {"a": Rule("drop"), "b": Rule("const", value=1), "c": Rule("last", "d")}
    assert unfold(inverse(rules), {"a": 1, "b": 1, "d": 2, "e": None, "f": 3}) == {"c": 2, "f": 3}


def test_a_part_is_located_by_its_names_in_the_body():
    rules = {"delta": Rule("merge", "message", members={"text": Rule("concatenate", "content")})}
    for names, expected in (
        (("message", "content"), (("delta", "text"), Rule("concatenate", "content"))),
        (("message", "role"), (("delta", "role"), Rule())),
        (("index",), (("index",), Rule())),
    ):
        way, origin = locate(inverse(rules), names)
        assert (way, origin.rule) == expected
