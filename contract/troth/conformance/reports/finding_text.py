"""What every report says of a finding, in words: its sentence, request, answer, curl line.

Texts are as they came: each report makes them safe for where it shows them (`text`, escaping).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from troth import pointer as pointers
from troth.conformance import curl
from troth.conformance.conclusions import Cause
from troth.conformance.events import Finding, Step
from troth.conformance.reports.excerpts import excerpt, json_lines, size_note, stream_lines
from troth.conformance.reports.text import counted, listed, shortened
from troth.conformance.run_summary import RunSummary, check_of
from troth.http import json_text, media_type
from troth.http.exchange import Exchange, Fields

#: What the end of a run was for, by what was used up.
_ENDS = {
    "requests": "the requests that it had were used up",
    "time": "its time was over",
    "tokens": "the tokens that it had were used up",
    "cases": "there was no request left that it had not sent",
    "stopped": "it was told to",
}
#: So many ids of findings at one operation are named.
_IDS = 3
_NO_FIELDS = ("content-length", "user-agent", "host")
_LINES = 40
#: So many lines are shown of an answer's body that is not at fault.
_TASTE = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of an answer that matters.

    *head* is its status and content type, or what came instead; *at* the pointer to the value that
    the lines of *body* show; *note* tells what they do not.
    """

    head: str
    at: str = ""
    body: tuple[str, ...] = ()
    note: str = ""

    @property
    def line(self) -> str:
        """Its head, and where in it the body is."""
        return f"{self.head} at {self.at}" if self.at else self.head


@dataclass(frozen=True, slots=True)
class StepText:
    """One exchange on the way to a finding: its request and its answer, in a line each."""

    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class FindingText:
    """A finding in words.

    *steps* came before what is told of its own exchange.  *request* is its
    request line, *fields* the header fields that no usual request has, *body* its body with the
    rest folded; *note* says how often it came.
    """

    finding: Finding
    sentence: str
    request: str
    fields: tuple[str, ...]
    body: tuple[str, ...]
    answer: Answer
    note: str
    curl: str
    steps: tuple[StepText, ...] = ()


def finding_text(
    run: RunSummary, finding: Finding, *, width: int = 80, most: int = 600
) -> FindingText:
    """*finding* in words, its bodies laid out in *width* columns and at most *most* bytes."""
    request = finding.example.request
    return FindingText(
        finding=finding,
        sentence=sentence(finding),
        request=f"{request.method} {shortened(request.target, most)}",
        fields=_unusual_fields(run, finding),
        body=_request_body(run, finding, width=width, most=most),
        answer=_answer(finding, width=width, most=most),
        note=note(finding),
        curl=curl_line(run, finding),
        steps=tuple(step_text(step, most=_TASTE * width) for step in finding.steps),
    )


def other_places(cause: Cause, *, most: int) -> str:
    """Where else a cause shows than in its first finding: operations, with the ids there."""
    words = []
    for operation, ids in cause.ids.items():
        others = [one for one in ids if one != cause.first.id]
        if others:
            words.append(f"{operation} ({listed(others, _IDS)})")
    return listed(words, most)


def unreached_line(run: RunSummary) -> str:
    """How many operations had no success; empty where all had."""
    number = sum(one.kind != "excluded" for one in run.unreached)
    excluded = len(run.unreached) - number
    tested = sum(bool(operation.name) for operation in run.operations)
    words = [f"{number:,} of {counted(tested, 'operation')} had no success"] if number else []
    words += [f"{counted(excluded, 'operation')} not tested"] if excluded else []
    return ", ".join(words)


def unreached_by_reason(run: RunSummary) -> dict[str, list[str]]:
    """The operations that were not reached, by the reason, in the order of the document."""
    reasons: dict[str, list[str]] = {}
    for one in run.unreached:
        reasons.setdefault(one.reason, []).append(one.operation)
    return reasons


def notes_of_run(run: RunSummary) -> list[str]:
    """What a reader of numbers ought to know: waits, what ended the run, what it left out."""
    notes = []
    if run.waited:
        statuses = " and ".join(sorted({str(one.status) for one in run.waited}))
        seconds = sum(one.seconds for one in run.waited)
        notes.append(
            f"{statuses} came {counted(len(run.waited), 'time')} with a time to wait: "
            f"asked again after {seconds:g} s in all, not counted as requests"
        )
    finished = run.finished
    if finished and (finished.spent or finished.phases_left):
        end = f"the run ended when {_ENDS[finished.spent]}" if finished.spent in _ENDS else ""
        left = ", ".join(finished.phases_left)
        words = [end, f"not to the end of: {left}" if left else ""]
        notes.append("; ".join(word for word in words if word))
    unreached = {one.operation for one in run.unreached}
    held_back: dict[str, list[str]] = {}
    for operation, why in (finished.held_back if finished else {}).items():
        if operation not in unreached:
            held_back.setdefault(why, []).append(operation)
    for why, names in held_back.items():
        notes.append(f"held back: {listed(names, 6)}: {why} (--allow-destructive sends it)")
    if finished and finished.left_behind:
        left = ", ".join(f"{number} by {name}" for name, number in finished.left_behind.items())
        notes.append(f"left behind, to be deleted: {left}")
    if finished and finished.sent_before:
        before = counted(finished.sent_before, "request")
        notes.append(f"{before} of earlier runs not sent again: their reports have what they found")
    if finished and finished.tokens:
        notes.append(f"the answers took {counted(finished.tokens, 'token')}")
    return notes


def step_text(step: Step, *, most: int = 200) -> StepText:
    """*step* in two lines, of each body at most so many characters."""
    request, response = step.exchange.request, step.exchange.response
    target = shortened(request.target, most)
    sent = f"{request.method} {target} {_flat(request.body, most)}".rstrip()
    came = answer_line(step.exchange)
    if response is not None and response.body:
        came += f": {_flat(response.body, most)}"
    return StepText(sent, came)


def _flat(body: bytes, most: int) -> str:
    value, is_json = _json(body)
    text = " ".join(json_lines(value, width=1_000_000)) if is_json else repr(body)[2:-1]
    return shortened(text, most)


def sentence(finding: Finding) -> str:
    """What is wrong, and where in the message."""
    at, message = finding.violation.instance_pointer, finding.violation.message
    # some messages begin with their pointer
    return f"at {at}: {message}" if at and at not in message else message


def note(finding: Finding) -> str:
    """How often a finding came, whether each time, and whether it counts."""
    others = finding.times - 1
    words = [f"{counted(others, 'other request')} showed it too" if others > 0 else ""]
    if finding.flaky:
        words.append(f"flaky: {finding.again} of {counted(finding.tries, 'repetition')} showed it")
    if finding.known:
        words.append("known: it does not count")
    return "; ".join(word for word in words if word)


def answer_line(exchange: Exchange) -> str:
    """The line of an answer: status, content type, size, or what came instead."""
    response = exchange.response
    words = []
    if response is not None:
        words.append(status_line(response.status))
        words.append(response.content_type or "no Content-Type")
    if exchange.fault:
        detail = exchange.fault_detail.partition("\n")[0]
        words.append(f"{exchange.fault}: {detail}".removesuffix(": "))
    return ", ".join(words) or "no answer"


def status_line(status: int) -> str:
    """`404 Not Found`, or the number alone for one that has no name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def rule_place(finding: Finding) -> str:
    """`file:line` of the rule, or its pointer where the document has no lines."""
    place, pointer = finding.violation.place, finding.violation.schema_pointer
    if place is not None:
        return f"{place.file}:{place.line}"
    return f"#{pointer}" if pointer else ""


def curl_line(run: RunSummary, finding: Finding) -> str:
    """The line that sends *finding*'s request again; empty when a body was not kept whole."""
    if any("request" in cuts for cuts in (finding.cuts, *(one.cuts for one in finding.steps))):
        return ""
    url = run.target or "http://127.0.0.1"
    return curl.of(finding, url, own_fields=run.own_fields, folder=run.bodies)


# -- the request ------------------------------------------------------------------------------


def _unusual_fields(run: RunSummary, finding: Finding) -> tuple[str, ...]:
    """The header fields of a request that differ from those of a usual one, or are missing."""
    fields = _shown_fields(finding.example.request.fields)
    if finding.steps:  # its request may be one to another operation than the one to blame
        return tuple(f"{name}: {value}" for name, value in fields if name[:3].lower() == "if-")
    usual = run.usual.get(finding.violation.operation)
    if usual is None:
        return tuple(f"{name}: {value}" for name, value in fields)
    known = {(name.lower(), value) for name, value in usual.fields}
    names = {name.lower() for name, _ in fields}
    unusual = [(name, value) for name, value in fields if (name.lower(), value) not in known]
    missing = [name for name, _ in _shown_fields(usual.fields) if name.lower() not in names]
    return (
        *(f"{name}: {value}" for name, value in unusual),
        *(f"(no {name})" for name in missing),
    )


def _shown_fields(fields: Fields) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if name.lower() not in _NO_FIELDS]


def _request_body(run: RunSummary, finding: Finding, *, width: int, most: int) -> tuple[str, ...]:
    body = finding.example.request.body
    if not body:
        return ()
    value, is_json = _json(body)
    as_written = finding.phase == "protocol" or finding.case_id.startswith("protocol/")
    if not is_json or (as_written and json_text.encode(value) != body.strip()):
        # what is special about it may be how it is written
        shown = excerpt(body, most=most, cut=finding.cuts.get("request"))
        return (*shown.text.split("\n"), *([f"… {shown.note}"] if shown.note else []))
    usual = None if finding.steps else run.usual.get(finding.violation.operation)
    keep = _tokens(finding) if finding.violation.location == "request-body" else ()
    beside = {"usual": usual.value} if usual is not None else {}
    return tuple(json_lines(value, keep=keep, width=width, **beside))


# -- the answer -------------------------------------------------------------------------------


def _answer(finding: Finding, *, width: int, most: int) -> Answer:
    head, response = answer_line(finding.example), finding.example.response
    if traceback := finding.example.fault_detail.splitlines()[1:]:
        return Answer(head, body=tuple(traceback[-_LINES:]))
    if response is None or not response.body:
        return Answer(head)
    location, tokens = finding.violation.location, _tokens(finding)
    cut = finding.cuts.get("response")
    if media_type.is_event_stream(response.content_type or ""):
        first = next(iter(tokens), "")
        event = int(first) if first.isdecimal() and location == "stream" else None
        shown = stream_lines(response.body, event=event, width=width)
        return Answer(head, body=tuple(shown), note=size_note(cut.size, cut) if cut else "")
    value, is_json = _json(response.body)
    if not is_json:
        beginning = excerpt(response.body, most=most, cut=cut)
        return Answer(
            head, body=tuple(beginning.text.rstrip("\n").split("\n")), note=beginning.note
        )
    near = tokens[:-1] if location == "response-body" else ()
    try:
        inner = pointers.resolve(value, pointers.of(near)) if near else value
    except (KeyError, ValueError):
        near, inner = (), value
    if check_of(finding.violation) not in ("bodies", "headers", "laws"):
        # the answer is not at fault, or not in its body: a taste of it is enough
        flat = " ".join(json_lines(value, width=1_000_000))
        most = _TASTE * width
        return Answer(head, body=(flat if len(flat) <= most else f"{flat[:most]}…",))
    keep = [str(token) for token in tokens[len(near) :]] if near else []
    lines = json_lines(inner, keep=keep, width=width)
    more = f"{len(lines) - _LINES} more lines" if len(lines) > _LINES else ""
    return Answer(head, pointers.of(near), tuple(lines[:_LINES]), more)


def _tokens(finding: Finding) -> tuple[str, ...]:
    try:
        return pointers.split(finding.violation.instance_pointer)
    except ValueError:
        return ()  # not a pointer into a JSON value: the name of a field, say


def _json(body: bytes) -> tuple[Any, bool]:
    """The JSON value of *body*, and whether it is one."""
    try:
        return json_text.decode(body), True
    except json_text.BadJson:
        return None, False
