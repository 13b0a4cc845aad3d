"""The grammar of faults: what is written, what it means, and what is said of what means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.seed import Seed
from troth_mock.faults.fault import KINDS, Effect, Fault, Place, Step, When
from troth_mock.faults.grammar import BadFault, parse, parse_all

SEED = Seed.of("test")


def one(text: str) -> tuple[Effect, When]:
    (step,) = parse(text).steps
    (effect,) = step.effects
    return effect, step.when


@pytest.mark.parametrize(
    ("text", "effect", "when"),
    [
        ("429 every 3rd", Effect("status", 429), When(every=3)),
        ("drop after 5 events 2 %", Effect("drop", place=Place(5, "events")), When(rate=0.02)),
        ("drop after 5 events 0.5%", Effect("drop", place=Place(5, "events")), When(rate=0.005)),
        ("503 first 2", Effect("status", 503), When(last=2)),
        ("503 the first two times", Effect("status", 503), When(last=2)),
        ("503 twice", Effect("status", 503), When(last=2)),
        ("500 once", Effect("status", 500), When(last=1)),
        ("500 the 4th", Effect("status", 500), When(4, 4)),
        ("500 from the 4th on", Effect("status", 500), When(4)),
        ("500 2nd to 5th, every other", Effect("status", 500), When(2, 5, every=2)),
        ("429 retry after 7 s", Effect("status", 429, 7.0), When()),
        ("429 without retry-after", Effect("status", 429, -1.0), When()),
        ("502 as HTML 10 %", Effect("status", 502, form="html"), When(rate=0.1)),
        ("Slow 300 ms", Effect("slow", seconds=0.3), When()),
        ("slow by 2 seconds", Effect("slow", seconds=2.0), When()),
        ("refuse for 1 minute", Effect("refuse", seconds=60.0), When()),
        ("hang", Effect("stall", place=Place(0, "answer")), When()),
        ("reset before the answer", Effect("reset", place=Place(0, "answer")), When()),
        ("reset after 100 bytes", Effect("reset", place=Place(100, "bytes")), When()),
        ("stall at event 3 for 2 s", Effect("stall", 0, 2.0, Place(2, "events")), When()),
        ("cut in mid-JSON", Effect("cut"), When()),
        ("cut in a character at event 2", Effect("cut in character", place=Place(1, "events")),
         When()),
        ("malformed JSON", Effect("malformed"), When()),
        ("wrong length by -3 bytes", Effect("wrong length", amount=-3), When()),
        ("split into 7 bytes", Effect("split", amount=7), When()),
        ("without the sentinel", Effect("no sentinel"), When()),
        ("doubled sentinel", Effect("double sentinel"), When()),
        ("error event 429", Effect("error event", 429), When()),
        ("finish reason content_Filter", Effect("finish reason", form="content_Filter"), When()),
    ],
)  # fmt: skip
def test_a_fault_says_what_goes_wrong_and_with_which_requests(
    text: str, effect: Effect, when: When
) -> None:
    assert one(text) == (effect, when)


@pytest.mark.parametrize(
    "name", [name for name in KINDS if name not in ("status", "finish reason")]
)
def test_every_kind_is_known_by_its_name(name: str) -> None:
    written = f"{name} 2 s" if name == "slow" else name
    assert one(written)[0].kind == name


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("slow 2 s on GET /models", "GET /models"),
        ("slow 2 s on listModels once", "listModels"),
        ('429 on "Big Tag" 3 times', "Big Tag"),
        ("503 from the 2nd on on POST /things/{id}", "POST /things/{id}"),
        ("503 on * /things", "* /things"),
        ("429 every 3rd on listModels", "listModels"),
        ("503 from the 4th on listModels", "listModels"),
    ],
)
def test_a_fault_may_be_about_an_operation(text: str, operation: str) -> None:
    assert parse(text).operation == operation


def test_from_a_number_on_is_about_all_operations() -> None:
    for text in ("503 from the 4th on", "503 from 4th on, 50 %", "503 from 4th on and slow 1 s"):
        assert parse(text).operation is None


def test_several_things_may_go_wrong_at_a_time() -> None:
    fault = parse("crlf and comments and drop after 2 events 50 %")
    (step,) = fault.steps
    assert [effect.kind for effect in step.effects] == ["crlf", "comments", "drop"]
    assert step.when == When(rate=0.5)


def test_several_faults_stand_side_by_side() -> None:
    texts = [fault.text for fault in parse_all("crlf;  429 2 % \n drop once")]
    assert texts == ["crlf", "429 2 %", "drop once"]


def kinds(fault: Fault, requests: int) -> list[str]:
    return ["+".join(map(word, fault.at(turn, SEED))) for turn in range(1, requests + 1)]


def word(effect: Effect) -> str:
    return str(effect.status) if effect.status else effect.kind


def test_a_script_goes_from_step_to_step() -> None:
    script = parse("503 twice then 429 and slow 1 s then ok 2 times then drop")
    assert kinds(script, 7) == ["503", "503", "429+slow", "", "", "drop", "drop"]


def test_a_script_ends_well_or_begins_again() -> None:
    assert kinds(parse("503 first 2 then ok"), 4) == ["503", "503", "", ""]
    assert kinds(parse("503 once then ok then again"), 5) == ["503", "", "503", "", "503"]


def test_counting_is_from_one() -> None:
    assert kinds(parse("429 every 3rd"), 6) == ["", "", "429", "", "", "429"]
    assert kinds(parse("429 2nd to 3rd"), 4) == ["", "429", "429", ""]
    assert kinds(parse("429 first 4 every 2nd"), 6) == ["", "429", "", "429", "", ""]


def test_a_rate_is_kept_over_many_requests() -> None:
    fault = parse("429 20 %")
    hits = sum(bool(fault.at(turn, SEED.child(turn))) for turn in range(1, 2001))
    assert 340 < hits < 460


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("drp", "fault 'drp': 'drp' is no fault. Did you mean 'drop'?"),
        ("timeout", "fault 'timeout': 'timeout' is no fault. Did you mean 'stall'?"),
        ("slow", "fault 'slow': how slow? Write 'slow 2 s' or 'slow 300 ms'."),
        ("200", "fault '200': 200 is no status of an error. A fault answers with 400 to 599."),
        ("503 and 429", "'503' and '429' cannot both come to one answer. Write one after"),
        ("crlf and reset and drop", "'reset' and 'drop' cannot both come to one answer."),
        ("drop 200 %", "'200 %' is no rate. One is above 0 % and at most 100 %."),
        ("2 % 429", "what goes wrong has to come first, and how often after it."),
        ("drop afer 5 events", "'afer 5 events' after 'drop' means nothing. "
         "Did you mean 'after 5 events'?"),
        ("drop after 2 s", "a place is counted in events or bytes, and no time."),
        ("drop after 5", "'after 5' cannot be read. Write 'after 5 events' or 'after 100 bytes'."),
        ("crlf after 3 events", "'after 3 events' does not go with 'crlf'. It is written: crlf;"),
        ("malformed after 5 bytes", "'malformed' is about whole events. Count them:"),
        ("429 retry after 1.5 s", "Retry-After is in whole seconds (RFC 9110 §10.2.3)."),
        ("503 first 2 first 3", "'first 3' contradicts what was said before it."),
        ("drop at event 2 after 3 events", "'after 3 events' says a second time what was said"),
        ("503 every 0th", "requests are counted from 1 to 1,000,000."),
        ("503 5th to 2nd", "'5th to 2nd' ends before it begins."),
        ("503 every 2nd then ok", "'503 every 2nd' never ends, so nothing can come after it."),
        ("503 on /a on /b", "it names two operations."),
        ("slow 2 h", "how slow?"),
        ("slow 2000 min", "is too long. A fault waits for an hour at most."),
        ("ok", "nothing goes wrong by it."),
        ("", "there is nothing in it."),
        ("429 and", "something is missing at its end."),
        ("429 ,", "something is missing at its end."),
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused_with_what_was_meant(text: str, sentence: str) -> None:
    with pytest.raises(BadFault) as caught:
        parse_all(text)
    assert sentence in str(caught.value)


WORDS = st.sampled_from(
    [
        *("429", "503", "200", "drop", "slow", "cut", "in", "character", "after", "before", "the"),
        *(
            "answer",
            "5",
            "0",
            "-3",
            "events",
            "bytes",
            "2",
            "s",
            "ms",
            "%",
            "every",
            "3rd",
            "first",
        ),
        *("first", "once", "then", "ok", "again", "and", "on", "GET", "/x", ";", ",", "as"),
        *("retry-after", "html", "by", "into", "99999999999", "é"),
    ]
)


def read(text: str) -> tuple[Fault, ...] | str:
    try:
        return parse_all(text)
    except BadFault as fault:
        return str(fault)


@given(st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_fault_or_is_refused_in_a_sentence(text: str) -> None:
    faults = read(text)
    if isinstance(faults, str):
        assert faults.startswith("fault ")
        assert faults[-1] in ".?"
        return
    assert all(isinstance(step, Step) for fault in faults for step in fault.steps)
    assert [parse(fault.text) for fault in faults] == list(faults)
    assert all(fault.at(turn, SEED) is not None for fault in faults for turn in (1, 2, 50))
