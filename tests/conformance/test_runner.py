"""Whole runs: nobody is accused who does right, and a run that cannot say anything says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundled import CONTRACT as OVERLAID
from servers.chat import Chat, Completion, Manner, Refusal
from servers.conduct import Conducted, conduct
from servers.later_faults import BrokenByHangUp
from servers.wire import Answer, Asked
from troth.conformance.events import Exchanged, Finished, Found, PhaseStarted, Started
from troth.conformance.reports.finding_text import notes_of_run
from troth.conformance.run_summary import summarize
from troth.conformance.settings import PHASES

PUBLISHED = OVERLAID.published
ROOT = OVERLAID.document.root
Body = dict[str, Any]


class NoUsage(Chat):
    """Nothing obliges a server to count: the usage may be null, or not there."""

    def body(self, request: Body, completion: Completion) -> Body:
        body = super().body(request, completion)
        if self.number % 2:
            return {**body, "usage": None}
        return {name: value for name, value in body.items() if name != "usage"}


class EmptyContent(Chat):
    """A call may come with an empty content, or a null one, and finish with `stop`."""

    def call(self, request: Body, index: int, tool: Body, digest: str) -> tuple[Body, list[str]]:
        choice, pieces = super().call(request, index, tool, digest)
        choice["message"]["content"] = "" if self.number % 2 else None
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"
        return choice, pieces


class Talkative(Chat):
    """More fields, more parameters, more framing than anybody needs; a connection an answer."""

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        answer.fields |= {"X-Request-Id": str(self.number), "Connection": "close", "Vary": "*"}
        if answer.status == 200:
            answer.fields["Content-Type"] += "; charset=utf-8"
        if not answer.chunked:
            whole = b"".join(answer.pieces)
            answer.pieces = [whole[:10], whole[10:]] if len(whole) > 10 else [whole]
            answer.chunked = True
        return answer

    def frames(self, request: Body, completion: Completion) -> list[str]:
        frames = super().frames(request, completion)
        framed = [
            f"retry: 3000\nid: {at}\nevent: message\n{frame}" for at, frame in enumerate(frames)
        ]
        return [": hello\n\n", *framed[:-1], ": bye\n\n: bye\n\n", framed[-1]]


class SeveralLines(Chat):
    """JSON over several data lines, a BOM in front: as the HTML standard has it."""

    def frames(self, request: Body, completion: Completion) -> list[str]:
        frames = super().frames(request, completion)
        spread = [
            "".join(f"data: {line}\n" for line in _pretty(frame)) + "\n" for frame in frames[:-1]
        ]
        return ["\ufeff", *spread, frames[-1]]


def _pretty(frame: str) -> list[str]:
    return json.dumps(json.loads(frame.removeprefix("data:")), indent=1).splitlines()


class OldProtocol(Chat):
    """HTTP/1.0: no length, no chunks, a connection for each answer."""

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        head = [f"HTTP/1.0 {answer.status} Answer"]
        head += [f"{name}: {value}" for name, value in answer.fields.items()]
        raw = ("\r\n".join(head) + "\r\n\r\n").encode()
        return Answer(answer.status, answer.fields, answer.pieces, raw_head=raw)


class Anew(Chat):
    """Samples anew each time, unless there is a seed: as models do."""

    def text(self, request: Body, digest: str) -> str:
        drawn = digest if request.get("seed") is not None else f"{self.number:04x}{digest}"
        return super().text(request, drawn)

    def complete(self, request: Body) -> Completion:
        completion = super().complete(request)
        return replace(completion, id=f"chatcmpl-{self.number}")


class AskedFor(Chat):
    """One model only: others are not found."""

    def validate(self, request: Body) -> None:
        super().validate(request)
        if request["model"] != "tiny":
            raise Refusal(404, "no such model")


class Together(Chat):
    """Interleaves the choices of a stream, and gives the role with the first piece."""

    def chunks(self, request: Body, completion: Completion) -> list[Body]:
        chunks = super().chunks(request, completion)
        usage = [chunk for chunk in chunks if not chunk["choices"]]
        by_choice: dict[int, list[Body]] = {}
        for chunk in chunks:
            for choice in chunk["choices"]:
                by_choice.setdefault(choice["index"], []).append(chunk)
        rows = max(map(len, by_choice.values()), default=0)
        mixed = [
            series[row] for row in range(rows) for series in by_choice.values() if row < len(series)
        ]
        return mixed + usage


class Sampling(Anew, EmptyContent):
    """Both."""


class Mixed(Anew, Together):
    """Both."""


#: How a server frames what it says, and what it says, have nothing to do with each other: one run
#: holds a manner of each.
CORRECT: dict[str, Callable[[], Chat]] = {
    "plain": lambda: Chat(ROOT),
    "CRLF, no usage": lambda: NoUsage(ROOT, manner=Manner(newline="\r\n", comments=True)),
    "CR, split oddly, empty content": lambda: EmptyContent(
        ROOT, manner=Manner(newline="\r", split=7, space=False)
    ),
    "extra members, HTTP/1.0": lambda: OldProtocol(ROOT, manner=Manner(extras=True, split=1000)),
    "CRLF, sampling": lambda: Sampling(ROOT, manner=Manner(newline="\r\n", comments=True)),
    "talkative": lambda: Talkative(ROOT),
    "several lines": lambda: SeveralLines(ROOT),
    "sampling, mixed": lambda: Mixed(ROOT),
}


def _phases(name: str) -> tuple[str, ...]:
    """Those of a run against the server called *name*.

    How a server words what it accepts is no affair of the limits of what it is sent: the walk along
    those, which is half of a run, is taken once.
    """
    left_out = () if name == "plain" else ("boundary",)
    return tuple(phase for phase in PHASES if phase not in left_out)


@pytest.mark.parametrize("name", [name for name in CORRECT if name != "CRLF, sampling"])
def test_a_correct_server_is_never_accused(name: str) -> None:
    seed = list(CORRECT).index(name)
    found = conduct(CORRECT[name](), OVERLAID, seed=seed, strict=True, phases=_phases(name))
    assert found.told == []
    finished = found.finished
    assert (finished.verdict, finished.exit_code, finished.not_run) == ("conforms", 0, 0)
    assert finished.requests <= 1000


@pytest.mark.parametrize("name", ["plain", "CRLF, sampling"])
def test_a_correct_server_is_never_accused_by_the_published_document(name: str) -> None:
    found = conduct(CORRECT[name](), PUBLISHED, second=OVERLAID, seed=7, phases=_phases(name))
    assert found.told == []
    assert (found.finished.verdict, found.finished.exit_code) == ("conforms", 0)


def test_a_server_with_one_model_is_tested_with_that_model() -> None:
    found = conduct(AskedFor(ROOT), OVERLAID, overrides={"/model": "tiny"}, phases=_phases("tiny"))
    assert found.told == []


# -- a run that cannot say anything ---------------------------------------------------------------


class Always(Chat):
    """The same answer to everything."""

    def __init__(self, status: int, **fields: str) -> None:
        super().__init__(ROOT)
        self._answer = (status, fields)

    def __call__(self, asked: Asked) -> Answer:
        self.number += 1
        status, fields = self._answer
        return self.refuse(Refusal(status, "always", **fields))


@pytest.mark.parametrize(
    ("status", "fields", "reason", "most"),
    [
        (401, {"WWW-Authenticate": "Bearer"}, "authentication failed", 30),
        (403, {}, "the server forbids it", 200),
        (404, {}, "nothing was found there", 200),
        (405, {"Allow": "PUT"}, "the server does not take these methods there", 200),
        (400, {}, "the server refuses every valid request", 1000),
    ],
)
def test_a_run_in_which_nothing_succeeds_is_inconclusive(
    status: int, fields: dict[str, str], reason: str, most: int
) -> None:
    finished = conduct(Always(status, **fields), OVERLAID, phases=("examples",)).finished
    assert (finished.verdict, finished.exit_code) == ("inconclusive", 3)
    assert finished.reason.startswith(reason)
    assert "; 0 of " in finished.reason
    assert finished.requests <= most


def test_a_server_that_always_fails_is_found_out() -> None:
    found = conduct(Always(500), OVERLAID, phases=("examples",))
    assert (found.finished.verdict, found.finished.exit_code) == ("violations", 1)
    assert [one.code for one in found.findings] == ["response.server-error"]


def test_patience_that_is_asked_for_is_had(monkeypatch: pytest.MonkeyPatch) -> None:
    class Limited(Chat):
        def __call__(self, asked: Asked) -> Answer:
            answer = super().__call__(asked)
            if self.number % 5 == 0:
                return self.refuse(Refusal(429, "slow down", **{"Retry-After": "0"}))
            return answer

    found = conduct(Limited(ROOT), OVERLAID, phases=("examples", "protocol"))
    assert found.told == []
    assert found.finished.verdict == "conforms"


def test_more_patience_than_is_had_is_not_waited_for() -> None:
    finished = conduct(
        Always(429, **{"Retry-After": "1000000000"}), OVERLAID, phases=("protocol",)
    ).finished
    assert finished.seconds < 30
    assert finished.findings == 0


class Flapping(Chat):
    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        return self.refuse(Refusal(503, "flapping")) if self.number % 2 == 0 else answer


def test_a_server_that_flaps_is_told_as_flaky_and_as_an_error() -> None:
    found = conduct(Flapping(ROOT), OVERLAID, phases=("protocol",))
    assert found.finished.exit_code == 1
    flaky = [one for one in found.of("error") if one.flaky]
    assert {one.code for one in flaky} == {"response.server-error"}
    assert all(0 < one.tries <= 5 and one.again < one.tries for one in flaky)


class Dying(Chat):
    """Closes its door after so many requests, for good."""

    def __init__(self, last: int, *, wrong: bool = False) -> None:
        super().__init__(ROOT)
        self._last = last
        self._wrong = wrong
        self.close: Callable[[], None] = lambda: None

    def body(self, request: Body, completion: Completion) -> Body:
        body = super().body(request, completion)
        return {**body, "created": "now"} if self._wrong else body

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        if self.number >= self._last:
            answer.closes = True
        return answer


@pytest.mark.parametrize(("wrong", "code"), [(False, 3), (True, 1)])
def test_a_server_that_dies_ends_the_run(wrong: bool, code: int) -> None:
    finished = conduct(Dying(60, wrong=wrong), OVERLAID).finished
    assert (finished.verdict, finished.exit_code) == ("unreachable", code)
    assert "it was there, and is no more" in finished.reason
    assert finished.requests < 120
    assert 0 < finished.not_run < finished.planned


def test_nobody_there_is_one_line_and_not_a_wall() -> None:
    found = conduct(Dying(0), OVERLAID)
    assert found.finished.exit_code == 3
    assert found.finished.requests <= 8
    assert found.findings == ()


# -- budgets, order, ends -------------------------------------------------------------------------


def sent(found: Conducted) -> list[tuple[str, str, bytes]]:
    return [(one.case_id, one.purpose, one.exchange.request.body) for one in found.exchanges]


def test_the_same_seed_gives_the_same_requests_in_the_same_order() -> None:
    given: dict[str, Any] = {"phases": ("random", "examples"), "max_requests": 160}
    one, two = (conduct(Chat(ROOT), OVERLAID, seed=3, **given) for _ in range(2))
    other = conduct(Chat(ROOT), OVERLAID, seed=4, **given)
    assert sent(one) == sent(two)
    assert {one.phase for one in two.exchanges} == {"random", "examples"}
    assert sent(one)[:30] != sent(other)[:30]


def test_a_budget_of_requests_holds_whatever_is_found() -> None:
    class Wrong(Chat):
        def body(self, request: Body, completion: Completion) -> Body:
            return {"id": 1}

    found = conduct(Wrong(ROOT), OVERLAID, max_requests=40)
    assert found.finished.requests <= 40
    assert len(found.exchanges) <= 40
    assert found.finished.phases_left
    assert found.finished.exit_code == 1


def bodies(found: Conducted) -> list[tuple[str, bytes]]:
    return [
        (one.exchange.request.target, one.exchange.request.body)
        for one in found.exchanges
        if one.purpose == "case" and one.phase == "random"
    ]


def test_all_that_was_given_is_spent() -> None:
    found = conduct(Chat(ROOT), OVERLAID, phases=("random",), max_requests=200, exhaustive=True)
    assert (found.finished.requests, found.finished.spent) == (200, "requests")
    assert found.finished.phases_left == ()
    assert len(set(bodies(found)[120:])) == len(bodies(found)[120:])


def test_a_continuous_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    def run(requests: int) -> Conducted:
        return conduct(
            Chat(ROOT),
            OVERLAID,
            phases=("protocol", "random"),
            max_requests=requests,
            exhaustive=True,
            continuous=True,
            database=str(tmp_path / "database"),
        )

    first, second = run(230), run(60)
    assert (first.finished.verdict, first.finished.reason) == ("conforms", "")
    assert second.finished.reason == (
        f"in what this run tried; earlier ones sent {second.finished.sent_before} other requests, "
        "and found no error"
    )
    assert second.finished.requests == 60
    assert first.finished.sent_before == 0
    assert 0 < second.finished.sent_before <= 230
    (note,) = (each for each in notes_of_run(summarize(second.events)) if "earlier" in each)
    assert note.endswith("of earlier runs not sent again: their reports have what they found")
    assert {one.phase for one in second.exchanges} == {"boundary", "random"}
    assert not set(bodies(first)) & set(bodies(second))


class Refusing(Chat):
    """What is not there is an error of the server's."""

    def refuse(self, refusal: Refusal) -> Answer:
        return Answer(500) if refusal.status == 404 else super().refuse(refusal)


@pytest.mark.parametrize("phases", [("protocol", "random"), ("random",)])
def test_a_continuous_run_says_what_of_earlier_ones_it_did_not_see(
    tmp_path: Path, phases: tuple[str, ...]
) -> None:
    """It looks again at what was wrong: what is mended then is named no more."""
    settings = {"exhaustive": True, "continuous": True, "database": str(tmp_path / "database")}
    given: dict[str, Any] = {"max_requests": 150, **settings}
    wrong = conduct(Refusing(ROOT), OVERLAID, phases=("protocol", "random"), **given)
    assert wrong.finished.verdict == "violations"
    for _ in range(2):
        right = conduct(Chat(ROOT), OVERLAID, phases=phases, **given)
        assert right.finished.verdict == "conforms"
        left = "errors that this one did not come to: response.server-error"
        said = "no error" if "protocol" in phases else left
        assert right.finished.reason.partition("requests, and found ")[2].startswith(said)


def test_a_continuous_run_that_is_stopped_has_its_verdict() -> None:
    found = conduct(Chat(ROOT), OVERLAID, exhaustive=True, continuous=True, cancel_after=30)
    assert (found.finished.verdict, found.finished.spent) == ("conforms", "stopped")


def test_tokens_are_counted_where_the_document_says_and_stop_the_run() -> None:
    found = conduct(Chat(ROOT), OVERLAID, phases=("examples",), max_tokens=200)
    assert (found.finished.spent, found.finished.phases_left) == ("tokens", ("examples",))
    told = [
        json.loads(one.exchange.response.body)["usage"]["total_tokens"]
        for one in found.exchanges
        if one.exchange.response and (one.exchange.response.content_type or "").endswith("json")
    ]
    assert 200 <= found.finished.tokens <= 200 + sum(told[-2:])


def test_a_run_that_sent_nothing_says_nothing_and_lays_out_no_more() -> None:
    found = conduct(Chat(ROOT), OVERLAID, max_seconds=0.001)
    finished = found.finished
    assert (finished.verdict, finished.exit_code) == ("inconclusive", 3)
    assert finished.reason == "the time was over before anything was sent: try --max-time"
    assert sum(isinstance(event, PhaseStarted) for event in found.events) <= 1


def test_a_run_that_is_interrupted_tells_what_it_has() -> None:
    class Wrong(Chat):
        def body(self, request: Body, completion: Completion) -> Body:
            return {**super().body(request, completion), "created": "now"}

    found = conduct(Wrong(ROOT), OVERLAID, cancel_after=30)
    finished = found.events[-1]
    assert isinstance(finished, Finished)
    assert (finished.verdict, finished.exit_code) == ("interrupted", 130)
    assert [one.code for one in found.findings] == ["response-body.type"]
    assert finished.findings == 1


def test_events_come_in_their_order() -> None:
    found = conduct(Chat(ROOT), OVERLAID, phases=("protocol", "stateful"))
    kinds = [type(event) for event in found.events]
    assert (kinds[0], kinds[-1]) == (Started, Finished)
    phases = [event.phase for event in found.events if isinstance(event, PhaseStarted)]
    assert phases == ["protocol", "stateful"]
    assert set(kinds) == {Started, PhaseStarted, Exchanged, Finished}


def test_only_the_findings_that_are_wanted_are_followed() -> None:
    class Wrong(Chat):
        def body(self, request: Body, completion: Completion) -> Body:
            return {**super().body(request, completion), "created": "now", "model": "other"}

    found = conduct(Wrong(ROOT), OVERLAID, only=("law",), phases=("examples",))
    assert {one.code for one in found.findings} == {"law.model-as-asked"}
    assert not any(
        isinstance(event, Found) and event.finding.code == "response-body.type"
        for event in found.events
    )


# -- capabilities ---------------------------------------------------------------------------------


class NoTools(Chat):
    def validate(self, request: Body) -> None:
        super().validate(request)
        if request.get("tools"):
            raise Refusal(400, "tools are not supported")


class NoJson(Chat):
    def text(self, request: Body, digest: str) -> str:
        return super().text({**request, "response_format": None}, digest)


def test_a_capability_that_is_declared_missing_is_no_finding() -> None:
    found = conduct(NoJson(ROOT), OVERLAID, phases=("examples",))
    assert [one.code for one in found.of("error")] == ["capability.structured-output"]
    declared = conduct(
        NoJson(ROOT), OVERLAID, phases=("examples",), without=frozenset({"structured-output"})
    )
    assert declared.told == []
    assert declared.finished.exit_code == 0


def test_a_server_without_tools_is_not_forty_findings() -> None:
    found = conduct(NoTools(ROOT), OVERLAID, phases=("examples",))
    assert len(found.of("error")) <= 2, found.told


# -- memory ---------------------------------------------------------------------------------------


def test_what_showed_something_is_sent_first_the_next_time(tmp_path: Any) -> None:
    class Crash(Chat):
        def validate(self, request: Body) -> None:
            if request.get("n") == 1:
                raise Refusal(500, "division by zero")
            super().validate(request)

    remembering: dict[str, Any] = {"phases": ("boundary",), "database": str(tmp_path / "memory")}
    first = conduct(Crash(ROOT), OVERLAID, **remembering)
    assert {one.code for one in first.findings} == {"response.server-error"}
    again = conduct(Crash(ROOT), OVERLAID, until=("response.server-error",), **remembering)
    assert len(again.exchanges) <= 12
    assert again.exchanges[0].case_id.endswith("/remembered-1")
    mended = conduct(Chat(ROOT), OVERLAID, max_requests=20, **remembering)
    assert mended.exchanges[0].case_id.endswith("/remembered-1")
    forgotten = conduct(Chat(ROOT), OVERLAID, max_requests=20, **remembering)
    assert not forgotten.exchanges[0].case_id.endswith("/remembered-1")


def test_a_client_that_goes_away_must_not_hurt_the_next_one() -> None:
    found = conduct(BrokenByHangUp(ROOT), OVERLAID, phases=("stateful",))
    assert "response.server-error" in {one.code for one in found.of("error")}
