"""Runs for the tests of reports: a plain one, a hostile server, ten thousand findings."""

from __future__ import annotations

from dataclasses import replace

from troth.conformance.events import (
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Step,
    Taken,
    Verdict,
)
from troth.conformance.run_summary import RunSummary, summarize
from troth.errors import Place
from troth.http.exchange import Exchange, Request, Response
from troth.violation import Violation

OPERATION = "POST /v1/tunes"
#: What a server may say to break out of where it is shown.
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07 \x00nul ]]> </script><script>alert(1)</script> {{ 7*7 }}{% x %}\n"
    "::error file=x::gotcha\n  ::set-output name=a::b ##[error]no ```` <b>bold</b> \u202eltr\u2066 "
    "\ud800 | & \"'` --> \x85 \u2028 \U000e0041"
)
HEAD = (("Content-Type", "application/json"), ("Authorization", "Bearer [Filtered]"))


def started(**more: object) -> Started:
    return Started(
        target="http://127.0.0.1:8000/api",
        document="spec/tunes.yaml",
        digest="00ff",
        title="Tunes",
        version="1.2",
        at="2026-03-04T05:06:07Z",
        seed=7,
        operations=(OPERATION, "GET /v1/tunes/{id}"),
        settings={"token": True, "header": ["X-Org"], "set": {"/key": "C"}},
        laws=(
            {
                "id": "ends-on-tonic",
                "group": "harmony",
                "severity": "error",
                "says": "It ends.",
                "operation": OPERATION,
            },
            {
                "id": "never-tried",
                "group": "x",
                "severity": "error",
                "says": "Never.",
                "operation": OPERATION,
            },
        ),
        **more,  # type: ignore[arg-type]  # members that a test names
    )


def exchange(
    body: bytes = b'{"key":"C","bars":0}',
    answer: bytes = b'{"notes":[{"pitch":"x"}]}',
    *,
    status: int = 200,
    content_type: str = "application/json",
    seconds: float = 0.25,
) -> Exchange:
    response = Response(status, (("Content-Type", content_type),), answer, ((0.1, answer),))
    return Exchange(Request("POST", "/v1/tunes?a=1", HEAD, body), response, seconds=seconds)


def finding(number: int = 0, *, example: Exchange | None = None, **more: object) -> Finding:
    violation = Violation(
        code=str(more.pop("code", "response-body.type")),
        operation=str(more.pop("operation", OPERATION)),
        location=str(more.pop("location", "response-body")),
        message=str(more.pop("message", "'x' is not of type integer; it is a string")),
        instance_pointer=str(more.pop("at", "/notes/0/pitch")),
        schema_pointer="/components/schemas/Note/properties/pitch/type",
        place=Place("spec/tunes.yaml", 40 + number, 9),
        status=200,
        content_type="application/json",
        law=more.pop("law", None),  # type: ignore[arg-type]  # text or nothing
    )
    return Finding(
        id=f"{number:010x}",
        severity=str(more.pop("severity", "error")),  # type: ignore[arg-type]  # one of its words
        violation=violation,
        case_id="examples/tunes/bars",
        about="no bars at all",
        example=example or exchange(),
        times=int(str(more.pop("times", 3))),
        again=int(str(more.pop("again", 1))),
        tries=int(str(more.pop("tries", 1))),
        **more,  # type: ignore[arg-type]  # members that a test names
    )


def events(*findings: Finding, verdict: Verdict = "violations") -> list[Event]:
    usual = exchange(b'{"key":"C","bars":4}')
    return [
        started(),
        PhaseStarted("examples", 2),
        Exchanged(
            "examples/tunes/minimal",
            OPERATION,
            "examples",
            "the smallest",
            "accepted",
            "case",
            usual,
            laws={"ends-on-tonic": "held"},
            covers=("", "/key", "branch:/x/oneOf/0"),
        ),
        Exchanged(
            "examples/tunes/bars",
            OPERATION,
            "examples",
            "no bars at all",
            "accepted",
            "case",
            exchange(),
            tuple(one.violation for one in findings[:1]),
            covers=("", "/key", "/bars"),
        ),
        Exchanged(
            "examples/tunes/bars",
            OPERATION,
            "examples",
            "",
            "accepted",
            "repeat",
            Exchange(usual.request, None, "reset", "the connection was reset", 0.5),
        ),
        *map(Found, findings),
        Finished(verdict, 1, "", 3, 2, 0, 1.5, len(findings), 0),
    ]


def plain() -> RunSummary:
    """A run with one finding."""
    return summarize(events(finding()))


def hostile() -> RunSummary:
    """A run against a server that says HOSTILE wherever it can."""
    said = HOSTILE.encode("utf-8", "surrogatepass")
    evil = exchange(said, said + b"\xff\xfe", content_type=f"text/{HOSTILE}"[:60])
    found = [
        finding(1, example=evil, message=HOSTILE, at="/" + HOSTILE, code="response-body.json"),
        finding(2, example=evil, message=HOSTILE, severity="warning", again=1, tries=5),
        finding(3, message=HOSTILE, operation=f"GET /{HOSTILE}", known=True),
    ]
    told = events(*found)
    told[0] = started(document_faults=(HOSTILE,))
    return summarize(told)


def large(count: int = 10_000) -> RunSummary:
    """A run with very many findings and very large bodies."""
    large = exchange(b'{"key":"' + b"k" * 60_000 + b'"}', b'{"n":"' + b"n" * 300_000 + b'"}')
    usual = exchange(b'{"key":"' + b"k" * 900 + b'"}', b'{"n":"' + b"n" * 3000 + b'"}')
    numbers = range(count)
    return summarize(
        events(*(finding(one, example=usual if one % 200 else large) for one in numbers))
    )


def sequence() -> Finding:
    """A finding that took a request before its own, which has the id that the first one gave."""
    head = (("Location", "/v1/tunes/a-7"), ("ETag", '"x1"'), ("Content-Type", "application/json"))
    made = Exchange(
        Request("POST", "/v1/tunes", HEAD, b'{"key":"C"}'),
        Response(201, head, b'{"tune":{"id":"a-7"}}'),
    )
    read = Request("GET", "/v1/tunes/a-7?a=a-7x", (("If-Match", '"x1"'),), b"")
    gone = Exchange(read, Response(404, (("Content-Type", "application/json"),), b"{}"))
    steps = (
        Step(made),
        Step(replace(gone, request=Request("GET", "/v1/tunes", HEAD, b""))),
    )
    taken = (
        Taken(0, "$response.body#/tune/id", "a-7"),
        Taken(0, "$response.header.ETag", '"x1"'),
    )
    return replace(finding(example=gone), steps=steps, taken=taken)
