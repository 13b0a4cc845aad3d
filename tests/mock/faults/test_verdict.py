"""What a client did after each fault, told from the journal alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from troth.http import json_text
from troth.http.exchange import Request
from troth.loading import load
from troth_mock.faults.verdict import Seen, Verdict, verdict

ASK = Request("POST", "/v1/things")
BODY = b'{"name":"x"}'
KEYED = replace(ASK, fields=(("Idempotency-Key", "k1"),))
EVENTS = (("Content-Type", "text/event-stream; charset=utf-8"),)


def seen(number: int, began: float, ended: float | None, fault: str = "", **members: Any) -> Seen:
    labels = {"fault": fault} if fault else {}
    told = {"status": 200, "request": ASK, "body": BODY, "labels": labels, **members}
    return Seen(number, "", began, ended, **told)


def refused(number: int, at: float, status: int = 429, wait: int | None = 1, **more: Any) -> Seen:
    fields = () if wait is None else (("Retry-After", str(wait)),)
    fault = more.pop("fault", f"{status} first 2")
    return seen(number, at, at, fault, status=status, fields=fields, **more)


def outcomes(*exchanges: Seen, now: float = 100.0) -> tuple[str, ...]:
    return verdict(exchanges, now=now).outcomes


def test_who_waits_as_long_as_was_asked_does_well() -> None:
    told = verdict((refused(1, 0.0), refused(2, 1.02, wait=2), seen(3, 3.1, 3.2)), now=9.0)
    assert told.outcomes == ("retried", "retried")
    assert told.ok
    assert [item.retry for item in told.items] == [2, 3]
    assert str(told) == (
        "well after 2 faults\n"
        "  ok  retried        #1 '429 first 2': asked again after 1.02 s; Retry-After was 1 s\n"
        "  ok  retried        #2 '429 first 2': asked again after 2.08 s; Retry-After was 2 s"
    )


def test_who_gives_up_is_not_said_to_have_done_well() -> None:
    told = verdict((refused(1, 0.0, 503, fault="503 once"),), now=9.0)
    assert told.ok
    assert str(told) == (
        "nothing wrong after 1 fault\n"
        "  ok  gave-up        #1 '503 once': 503 was not followed by the same request"
    )


def test_who_asks_for_another_fault_is_at_the_next_test() -> None:
    one, other = (replace(ASK, fields=(("X-Troth-Fail", text),)) for text in ("503", "drop"))
    assert outcomes(
        refused(1, 0.0, 503, fault="503", request=one), seen(2, 0.1, 0.1, request=other)
    ) == ("gave-up",)
    assert outcomes(
        refused(1, 0.0, 503, fault="503", request=one), seen(2, 0.1, 0.1, request=one)
    ) == ("hammered",)


def test_who_comes_too_early_hammers() -> None:
    told = verdict((refused(1, 0.0), seen(2, 0.4, 0.5)), now=9.0)
    assert told.outcomes == ("hammered",)
    assert told.as_json() == {
        "ok": False,
        "items": [
            {
                "exchange": 1,
                "fault": "429 first 2",
                "outcome": "hammered",
                "ok": False,
                "message": "asked again after 0.40 s; Retry-After was 1 s",
                "retry": 2,
                "after": 0.4,
            }
        ],
    }
    with pytest.raises(AssertionError, match=r"the client did badly after 1 of 1 fault\n  BAD"):
        told.assert_ok()
    assert repr(told) == (
        "<Verdict: the client did badly after 1 of 1 fault; BAD hammered       #1 '429 first 2': "
        "asked again after 0.40 s; Retry-After was 1 s>"
    )


def test_who_never_pauses_hammers() -> None:
    hasty = [refused(number, number / 100, 500, None) for number in range(1, 6)]
    assert set(outcomes(*hasty[:3])) == {"retried", "gave-up"}
    assert outcomes(*hasty) == ("hammered",) * 4 + ("gave-up",)


def test_what_is_refused_for_good_is_not_asked_again() -> None:
    assert outcomes(refused(1, 0.0, 403, None), seen(2, 0.5, 0.5)) == ("insisted",)
    assert outcomes(refused(1, 0.0, 501, None), seen(2, 0.5, 0.5)) == ("insisted",)
    assert outcomes(refused(1, 0.0, 409, None), seen(2, 0.5, 0.5)) == ("retried",)
    # somebody may look again, later, or with other credentials
    assert outcomes(refused(1, 0.0, 404, None), seen(2, 20.0, 20.0)) == ("retried",)
    fresh = replace(ASK, fields=(("Authorization", "Bearer new"),))
    assert outcomes(refused(1, 0.0, 401, None), seen(2, 0.1, 0.1, request=fresh)) == ("retried",)
    assert outcomes(refused(1, 0.0, 401, None), seen(2, 0.1, 0.1)) == ("insisted",)


def test_another_request_or_session_is_no_retry() -> None:
    assert outcomes(refused(1, 0.0), seen(2, 1.5, 1.6, body=b'{"name":"y"}')) == ("gave-up",)
    elsewhere = replace(seen(2, 1.5, 1.6), session="s")
    assert outcomes(refused(1, 0.0), elsewhere) == ("gave-up",)
    # what was sent at the same time was no answer to it
    assert outcomes(seen(1, 0.0, 2.0, "reset"), seen(2, 0.1, 2.1)) == ("gave-up",)


@pytest.mark.parametrize(
    ("first", "again", "outcome"),
    [
        (KEYED, KEYED, "retried"),
        (KEYED, replace(ASK, fields=(("idempotency-key", "k2"),)), "changed-key"),
        (KEYED, ASK, "changed-key"),
        (ASK, ASK, "retried"),
    ],
)
def test_what_may_have_been_done_is_asked_again_under_the_same_key(
    first: Request, again: Request, outcome: str
) -> None:
    lost = seen(1, 0.0, 0.1, "reset before the answer", request=first)
    assert outcomes(lost, seen(2, 0.6, 0.7, request=again)) == (outcome,)


def chat(number: int, began: float, *messages: tuple[str, str], **more: Any) -> Seen:
    told = [{"role": role, "content": content} for role, content in messages]
    body = json_text.encode({"model": "m", "messages": told, "stream": True})
    request = Request("POST", "/v1/chat/completions")
    fault = more.pop("fault", "")
    told = {"request": request, "body": body, "fields": EVENTS, **more}
    return seen(number, began, began + 1, fault, **told)


def cut(*words: str) -> bytes:
    return b"".join(
        b"data: %b\n\n"
        % json_text.encode(
            {"id": "chatcmpl-1234567", "choices": [{"index": 0, "delta": {"content": word}}]}
        )
        for word in words
    )


def test_who_got_the_same_words_whole_in_another_way_took_nothing_for_whole() -> None:
    half = ("The weather ", "in Lisbon ", "is")
    broken = chat(1, 0.0, ("user", "Weather?"), fault="drop after 3 events", content=cut(*half))
    text = "".join((*half, " fine."))
    again = seen(2, 2.0, 3.0, body=b'{"stream":false}', content=json_text.encode({"said": text}))
    on = chat(3, 9.0, ("user", "Weather?"), ("assistant", text), ("user", "And then?"))
    assert outcomes(broken, again, on) == ("gave-up",)
    bare = replace(again, content=b"")
    told = verdict((broken, bare, on), now=20.0, whole=lambda one: again if one is bare else one)
    assert told.outcomes == ("gave-up",)
    cut_too = replace(again, labels={"fault": "truncate"})
    assert outcomes(broken, cut_too, on)[0] == "took-for-whole"
    half_sent = chat(4, 9.0, ("assistant", "".join(half)), ("user", "And then?"))
    assert outcomes(broken, again, half_sent) == ("took-for-whole",)


def test_who_goes_on_with_half_an_answer_took_it_for_whole() -> None:
    half = ("The weather ", "in Lisbon ", "is")
    broken = chat(1, 0.0, ("user", "Weather?"), fault="drop after 3 events", content=cut(*half))
    text = "".join(half)
    on = chat(2, 9.0, ("user", "Weather?"), ("assistant", text), ("user", "And then?"))
    operation = next(one for one in load(None).operations if one.completion is not None)
    for one in (broken, replace(broken, operation=operation)):
        told = verdict((one, on), now=20.0)
        assert told.outcomes == ("took-for-whole",)
        assert f"in #2: {text!r}" in told.items[0].message
    fresh = chat(2, 9.0, ("user", "Something else"), ("user", "chatcmpl-1234567" * 3))
    assert outcomes(broken, fresh) == ("gave-up",)
    assert outcomes(broken, chat(2, 9.0, ("user", "Weather?"))) == ("retried",)


def test_who_waits_for_ever_hangs() -> None:
    silent = seen(1, 0.0, None, "stall after 2 events")
    assert outcomes(silent, now=5.0) == ("waiting",)
    assert outcomes(silent, now=31.0) == ("hung",)
    assert verdict([silent], now=5.0, patience=3).outcomes == ("hung",)
    gone = seen(1, 0.0, 4.0, "hang", state="gone", status=None)
    assert outcomes(gone) == ("left",)
    assert outcomes(gone, seen(2, 4.5, 4.6)) == ("retried",)
    assert outcomes(seen(1, 0.0, 60.0, "hang", state="gone")) == ("hung",)


def test_a_wait_that_ends_is_only_told() -> None:
    assert outcomes(seen(1, 0.0, 2.1, "slow 2 s")) == ("waited",)
    assert outcomes(seen(1, 0.0, 3.1, "stall after 2 events for 3 s")) == ("waited",)
    assert outcomes(seen(1, 0.0, 1.0, "slow 2 s", state="gone")) == ("left",)


def test_what_nobody_can_notice_is_left_open() -> None:
    told = verdict([seen(1, 0.0, 0.1, "crlf and comments"), seen(2, 1.0, 1.0)], now=2.0)
    assert told.outcomes == ("read-on",)
    assert told.ok


def test_of_a_script_the_step_counts_that_the_answer_shows() -> None:
    script = "503 once then drop after 2 events"
    told = outcomes(
        refused(1, 0.0, 503, 1, fault=script), seen(2, 1.1, 1.2, script), seen(3, 2.0, 2.1)
    )
    assert told == ("retried", "retried")


def test_without_faults_there_is_nothing_to_say() -> None:
    told = verdict([seen(1, 0.0, 0.1)], now=2.0)
    assert (told, told.ok, str(told)) == (Verdict(), True, "no fault befell this client")


def test_an_exchange_reads_plainly_where_a_test_fails() -> None:
    assert repr(refused(3, 0.0)) == "<#3 POST /v1/things: 429, '429 first 2'>"
    gone = seen(1, 0.0, 4.0, "hang", state="gone", status=None)
    assert repr(gone) == "<#1 POST /v1/things: no answer, gone, 'hang'>"
    assert seen(1, 0.0, 1.0).json == {"name": "x"}
