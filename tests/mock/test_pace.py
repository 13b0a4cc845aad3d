"""Paces as values: profiles, what a user writes, and the schedules that are drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth_mock import pace
from troth_mock.pace import PROFILES, Pace, UnknownPace

COUNTS = st.lists(st.integers(0, 5), max_size=50)
TOKENS = (1,) * 4000


def intervals(due: tuple[float, ...]) -> list[float]:
    return [after - before for before, after in pairwise(due)]


def test_a_frame_is_due_when_its_last_token_is() -> None:
    assert Pace(1.0, 4.0).schedule((0, 1, 1, 3, 0)) == (1.0, 1.0, 1.25, 2.0, 2.0)


def test_without_a_rate_everything_comes_with_the_first_token() -> None:
    assert Pace(0.5).schedule((0, 1, 1)) == (0.5, 0.5, 0.5)


@given(COUNTS, st.floats(0, 10), st.floats(0.1, 1000))
def test_schedules_never_go_back_and_last_as_long_as_their_tokens(
    counts: list[int], ttft: float, rate: float
) -> None:
    due = Pace(ttft, rate).schedule(counts)
    assert len(due) == len(counts)
    assert list(due) == sorted(due)
    if due:
        assert due[-1] == pytest.approx(ttft + max(0, sum(counts) - 1) / rate)


@given(COUNTS, st.sampled_from(sorted(PROFILES)), st.integers(0, 9), st.binary(max_size=9))
def test_what_is_drawn_never_goes_back_and_is_the_same_again(
    counts: list[int], name: str, seed: int, request: bytes
) -> None:
    profile = pace.read(name, seed=seed)
    due = profile.schedule(counts, request=request)
    assert len(due) == len(counts)
    assert list(due) == sorted(due)
    assert due == profile.schedule(counts, request=request)


def test_a_long_request_is_read_before_the_first_token() -> None:
    (short,) = Pace(0.5, reading=100).schedule((1,), request=b"x" * 4)
    (long,) = Pace(0.5, reading=100).schedule((1,), request=b"x" * 4000)
    assert (short, long) == (0.51, 10.5)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_profile_keeps_its_rate_whatever_it_draws(name: str) -> None:
    profile = replace(PROFILES[name], pause=0.0)
    due = profile.schedule(TOKENS)
    rate = profile.tokens_per_second
    assert rate is not None
    assert (len(TOKENS) - 1) / (due[-1] - due[0]) == pytest.approx(rate, rel=0.1)


def test_jitter_varies_the_intervals_and_another_seed_varies_them_otherwise() -> None:
    due = pace.read("typical", seed=1).schedule(TOKENS)
    assert len(set(intervals(due))) > 1000
    assert due != pace.read("typical", seed=2).schedule(TOKENS)
    assert due != pace.read("typical", seed=1).schedule(TOKENS, request=b"another")


def test_bursts_come_at_once_with_pauses_between() -> None:
    bursty = PROFILES["bursty"]
    waits = intervals(bursty.schedule(TOKENS))
    assert sum(wait == 0 for wait in waits) > len(waits) / 2
    long = [wait for wait in waits if wait >= bursty.pause / 2]
    assert len(TOKENS) / 120 < len(long) < len(TOKENS) / 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", Pace()),
        ("", Pace()),
        ("slow", PROFILES["slow"]),
        ("slow ttft=3 jitter=0", replace(PROFILES["slow"], ttft=3.0, jitter=0.0)),
        ("ttft=1, tokens-per-second=20", Pace(1.0, 20.0)),
        ("fast burst=4 seed=7", replace(PROFILES["fast"], burst=4, seed=7)),
    ],
)
def test_a_pace_is_read(text: str, expected: Pace) -> None:
    assert pace.read(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("slwo", "'slwo' is no pace: did you mean 'slow'?"),
        ("zzz", "'zzz' is no pace: there are fast, typical, slow, bursty"),
        ("slow fast", "'fast' is no pace: a profile comes first, and only one"),
        ("tftf=1", "'tftf=1' is no pace: did you mean 'ttft'?"),
        ("ttft=x", "'ttft=x' is no pace: ttft is a number"),
        ("ttft=nan", "'ttft=nan' is no pace: ttft is a number from 0 to 3600"),
        ("ttft=1e9", "'ttft=1e9' is no pace: ttft is a number from 0 to 3600"),
        ("jitter=2", "'jitter=2' is no pace: jitter is a number from 0 to 1"),
        ("burst=0", "'burst=0' is no pace: burst is a number from 1"),
        ("reading=0", "'reading=0' is no pace: reading is a number from 0.000277778"),
    ],
)
def test_what_is_no_pace_is_told(text: str, why: str) -> None:
    with pytest.raises(UnknownPace) as refused:
        pace.read(text)
    assert str(refused.value) == why
