"""The reports of a run: each valid by its own standard, whatever a server said."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from run_summaries import (
    HOSTILE,
    OPERATION,
    events,
    exchange,
    finding,
    hostile,
    large,
    plain,
    sequence,
    started,
)
from troth.conformance import reports
from troth.conformance.events import Found
from troth.conformance.files import NotWritten
from troth.conformance.reports import console
from troth.conformance.run_summary import CHECKS, summarize
from troth.http.exchange import Response

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def huge() -> Any:
    return large()


def test_the_schema_of_the_json_report_is_a_schema() -> None:
    Draft202012Validator.check_schema(_schema())


@pytest.mark.parametrize("account", [plain(), hostile(), summarize([]), summarize([started()])])
def test_the_json_report_is_valid_by_its_published_schema(account: Any) -> None:
    told = reports.render("json", account)
    assert told.isascii()
    assert list(Draft202012Validator(_schema()).iter_errors(json.loads(told))) == []


def test_the_json_report_tells_what_the_run_told() -> None:
    told = json.loads(reports.render("json", plain()))
    assert told["verdict"] == "violations"
    assert told["counts"] == {"errors": 1, "warnings": 0, "flaky": 0, "known": 0}
    assert told["findings"][0]["line"] == 40
    assert told["findings"][0]["example"]["response"]["body"] == {
        "text": '{"notes":[{"pitch":"x"}]}',
        "bytes": 25,
    }
    operation = told["operations"][0]
    assert operation["statuses"] == {"200": 2, "reset": 1}
    assert operation["members"] == {"": 2, "/bars": 1, "/key": 2}
    assert operation["branches"] == {"/x/oneOf/0": 1}
    assert [(law["id"], law["state"]) for law in operation["laws"]] == [
        ("ends-on-tonic", "held"),
        ("never-tried", "never applied"),
    ]
    assert operation["checked"] == [
        "bodies",
        "headers",
        "laws",
        "requests",
        "statuses",
        "transport",
    ]


def test_junit_has_a_case_for_each_operation_and_check() -> None:
    root = ElementTree.fromstring(reports.render("junit", plain()))
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == [OPERATION, "GET /v1/tunes/{id}"]
    assert [len(suite.findall("testcase")) for suite in suites] == [len(CHECKS)] * 2
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert [(case.get("classname"), str(case.get("name"))[:7]) for case in failed] == [
        (OPERATION, "bodies:")
    ]
    failure = failed[0].find("failure")
    assert failure is not None
    assert failure.get("type") == "response-body.type"
    assert "spec/tunes.yaml:40" in str(failure.text)
    totals = {name: int(str(root.get(name))) for name in ("tests", "failures", "errors", "skipped")}
    assert totals == {
        "tests": len(list(root.iter("testcase"))),
        "failures": 1,
        "errors": 0,
        "skipped": len(list(root.iter("skipped"))),
    }


def test_junit_is_xml_whatever_a_server_sent() -> None:
    text = reports.render("junit", hostile())
    root = ElementTree.fromstring(text.encode())
    told = "".join(root.itertext())
    assert "\\u001b[31mred" in told
    assert "]]>" in told
    assert "{{ 7*7 }}" in told
    assert [case for case in root.iter("script")] == []
    # what is known or a warning fails nothing
    assert len(list(root.iter("failure"))) == 1


@pytest.mark.parametrize("byte", range(256))
def test_junit_is_xml_for_every_byte(byte: int) -> None:
    message = chr(byte) + bytes([byte]).decode("utf-8", "surrogateescape")
    ElementTree.fromstring(
        reports.render("junit", summarize(events(finding(message=message)))).encode()
    )


def test_a_run_that_says_nothing_is_an_error_in_junit() -> None:
    root = ElementTree.fromstring(reports.render("junit", summarize([started()])))
    assert root.get("errors") == "1"
    assert [error.get("type") for error in root.iter("error")] == ["interrupted"]


@pytest.mark.parametrize("account", [plain(), hostile(), summarize([])])
def test_sarif_has_what_its_schema_asks_for(account: Any) -> None:
    told = json.loads(reports.render("sarif", account))
    assert list(Draft202012Validator(SARIF).iter_errors(told)) == []


def test_a_sarif_result_stands_at_the_line_of_the_rule() -> None:
    run = json.loads(reports.render("sarif", plain()))["runs"][0]
    result = run["results"][0]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "spec/tunes.yaml"},
        "region": {"startLine": 40, "startColumn": 9},
    }
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["partialFingerprints"] == {"troth/v1": "0000000000"}
    assert result["webResponse"]["statusCode"] == 200


def test_header_fields_of_one_name_are_one_list_in_sarif() -> None:
    twice = Response(200, (("Vary", "Origin"), ("Allow", "GET"), ("Vary", "Accept")), b"{}")
    example = replace(exchange(), response=twice)
    told = json.loads(reports.render("sarif", summarize(events(finding(example=example)))))
    assert told["runs"][0]["results"][0]["webResponse"]["headers"] == {
        "Vary": "Origin, Accept",
        "Allow": "GET",
    }


@pytest.mark.parametrize(
    ("file", "uri"),
    [("a b/c.yaml", "a%20b/c.yaml"), ("/x/ü.yaml", "file:///x/%C3%BC.yaml"), ("c:x", "c%3Ax")],
)
def test_a_file_becomes_a_uri(file: str, uri: str) -> None:
    from troth.conformance.reports.sarif import uri as uri_of

    assert uri_of(file) == uri


@pytest.mark.parametrize("account", [plain(), hostile(), summarize([])])
def test_har_has_what_its_specification_asks_for(account: Any) -> None:
    told = json.loads(reports.render("har", account))
    assert list(Draft202012Validator(HAR).iter_errors(told)) == []


def test_har_has_every_exchange_in_order() -> None:
    entries = json.loads(reports.render("har", plain()))["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [200, 200, 0]
    assert [entry["startedDateTime"] for entry in entries] == [
        "2026-03-04T05:06:07.000+00:00",
        "2026-03-04T05:06:07.250+00:00",
        "2026-03-04T05:06:07.500+00:00",
    ]
    assert entries[0]["request"]["url"] == "http://127.0.0.1:8000/api/v1/tunes?a=1"
    assert entries[0]["timings"] == {"send": 0, "wait": 100.0, "receive": 150.0}
    assert "reset" in entries[2]["comment"]


def test_annotations_are_workflow_commands() -> None:
    unreached, first = reports.render("github", plain()).splitlines()
    assert unreached == (
        "::notice title=troth%3A 1 of 2 operations had no success::"
        "GET /v1/tunes/{id}: nothing was sent to it"
    )
    assert first.startswith(
        "::error file=spec/tunes.yaml,line=40,col=9,title=response-body.type::POST /v1/tunes: "
    )
    assert '%0Acurl -isS "http' not in first
    assert "%0Acurl -isS" in first


def test_a_server_gives_no_command_to_the_build() -> None:
    lines = reports.render("github", hostile()).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::notice", "::error", "::warning"]
    for line in lines[1:]:
        properties, _, message = line.removeprefix("::").partition("::")
        assert "gotcha" not in properties
        assert "\x1b" not in message
        assert "%0A" in message


def test_ten_annotations_are_given_and_the_rest_counted(huge: Any) -> None:
    lines = reports.render("github", huge).splitlines()
    assert len(lines) == 12
    assert lines[-1].startswith("::notice title=troth::9,990 more findings")


def test_markdown_cannot_be_broken_out_of() -> None:
    text = reports.render("markdown", hostile())
    outside = _outside_of_fences(text)
    assert "<script" not in outside
    assert "<b>" not in outside
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "````" in text
    assert outside.count("<details>") == outside.count("</details>") == 2  # what is known is a line


def test_markdown_summarises() -> None:
    text = reports.render("markdown", plain())
    assert text.startswith("## ❌ troth: http&#58;//127.0.0.1&#58;8000/api — violations\n")
    assert "1 error, 0 warnings, 3 requests, 1.5 s" in text
    assert '{"bars": 0, … key as usual}' in text


@pytest.mark.parametrize("form", reports.FORMS)
def test_ten_thousand_findings_are_reported_in_bounds(form: str, huge: Any) -> None:
    began = time.process_time()
    text = reports.render(form, huge)
    assert time.process_time() - began < 8  # 2 s on the machine it was written on
    assert len(text) < 20_000_000 + (20_000_000 if form == "json" else 0)


def test_reports_of_a_folded_journal_are_those_of_the_run(tmp_path: Path) -> None:
    from troth.conformance.journal import Journal, read

    told = events(finding(), finding(1, example=exchange(b"\xff" * 9, b"\xfe" * 300_000)))
    with Journal(tmp_path / "run.ndjson") as journal:
        for event in told:
            journal.write(event)
    live, later = summarize(told), summarize(read(tmp_path / "run.ndjson"))
    for form in reports.FORMS:
        assert reports.render(form, later) == reports.render(form, live)


def test_a_report_that_cannot_be_written_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    bad, good = tmp_path / "file" / "x.json", tmp_path / "new" / "x.xml"
    faults = reports.write_all([("json", str(bad)), ("junit", str(good))], plain())
    assert [type(fault) for fault in faults] == [NotWritten]
    assert good.read_text().startswith("<?xml")


@pytest.mark.parametrize("wanted", ["json", "json=", "=x", "yaml=x", "JSON=x"])
def test_a_report_is_asked_for_as_form_and_path(wanted: str) -> None:
    with pytest.raises(reports.BadReport, match="write FORM=PATH"):
        reports.parse(wanted)
    assert reports.parse("junit=a=b.xml") == ("junit", "a=b.xml")


def test_the_laws_of_a_missing_capability_are_one_finding() -> None:
    law = finding(1, law="ends-on-tonic", code="law.ends-on-tonic")
    group = finding(2, code="capability.harmony", group="harmony")
    account = summarize([*events(law, finding(3)), Found(group)])
    assert {one.id for one in account.findings} == {"0000000002", "0000000003"}


def test_a_finding_that_is_told_again_is_told_as_it_was_last() -> None:
    account = summarize([*events(finding(times=1)), Found(finding(times=9))])
    assert [one.times for one in account.findings] == [9]


def test_a_law_that_no_single_exchange_can_break_is_broken_by_its_finding() -> None:
    account = summarize(events(finding(law="never-tried", code="law.never-tried", times=2)))
    states = {law.id: (law.state, law.broken) for law in account.operations[0].laws}
    assert states == {"ends-on-tonic": ("held", 0), "never-tried": ("broken", 2)}


def test_hostile_text_is_hostile() -> None:
    assert "\x1b" in HOSTILE
    assert "\x00" in HOSTILE


def _schema() -> Any:
    return json.loads((ROOT / "docs" / "report.schema.json").read_text())


def _outside_of_fences(text: str) -> str:
    """The lines of *text* that Markdown does not show as code (CommonMark §4.5)."""
    outside, fence = [], ""
    for line in text.split("\n"):
        run = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line.strip() == run and len(run) >= len(fence) else fence
        elif len(run) >= 3:
            fence = run
        else:
            outside.append(line)
    assert not fence
    return "\n".join(outside)


_TEXT = {"type": "string"}
_MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": _TEXT}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_HEADERS = {"type": "object", "additionalProperties": _TEXT}
_ARTIFACT = {"type": "object", "properties": {"text": _TEXT}, "additionalProperties": False}
#: The parts of the schema of SARIF 2.1.0 (OASIS, §3) that a report of ours has.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": False,
                            "properties": {
                                "name": _TEXT,
                                "version": _TEXT,
                                "rules": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": {"$ref": "#/$defs/rule"},
                                },
                            },
                        }
                    },
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "automationDetails": {"type": "object", "properties": {"id": _TEXT}},
                "invocations": {"type": "array", "items": {"$ref": "#/$defs/invocation"}},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "rule": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": _TEXT,
                "shortDescription": _MESSAGE,
                "help": _MESSAGE,
                "defaultConfiguration": {"type": "object", "properties": {"level": _LEVEL}},
            },
        },
        "invocation": {
            "type": "object",
            "required": ["executionSuccessful"],
            "additionalProperties": False,
            "properties": {
                "executionSuccessful": {"type": "boolean"},
                "exitCode": {"type": "integer"},
                "startTimeUtc": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                "toolExecutionNotifications": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["message"],
                        "properties": {"message": _MESSAGE, "level": _LEVEL},
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": _TEXT,
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": _LEVEL,
                "message": _MESSAGE,
                "partialFingerprints": {"type": "object", "additionalProperties": _TEXT},
                "occurrenceCount": {"type": "integer", "minimum": 1},
                "suppressions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["kind"],
                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                    },
                },
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
                "webRequest": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "protocol": _TEXT,
                        "version": _TEXT,
                        "method": _TEXT,
                        "target": _TEXT,
                        "headers": _HEADERS,
                        "body": _ARTIFACT,
                    },
                },
                "webResponse": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "protocol": _TEXT,
                        "version": _TEXT,
                        "statusCode": {"type": "integer"},
                        "headers": _HEADERS,
                        "body": _ARTIFACT,
                        "noResponseReceived": {"type": "boolean"},
                    },
                },
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "logicalLocations": {"type": "array", "items": {"type": "object"}},
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation"],
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "properties": {"uri": {"type": "string", "pattern": r"^[!-~]+$"}},
                        },
                        "region": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "startLine": {"type": "integer", "minimum": 1},
                                "startColumn": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                },
            },
        },
    },
}
_PAIRS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": _TEXT, "value": _TEXT},
    },
}
_NUMBER = {"type": "number", "minimum": -1}
#: HAR 1.2, by its specification.
HAR: dict[str, Any] = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"type": "object", "required": ["name", "version"]},
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": [
                            "startedDateTime",
                            "time",
                            "request",
                            "response",
                            "cache",
                            "timings",
                        ],
                        "properties": {
                            "startedDateTime": {
                                "type": "string",
                                "pattern": r"^\d{4}(-\d\d){2}T(\d\d:){2}\d\d\.\d{3}\+00:00$",
                            },
                            "time": {"type": "number", "minimum": 0},
                            "cache": {"type": "object"},
                            "timings": {
                                "type": "object",
                                "required": ["send", "wait", "receive"],
                                "additionalProperties": {"type": "number", "minimum": 0},
                            },
                            "request": {
                                "type": "object",
                                "required": [
                                    "method",
                                    "url",
                                    "httpVersion",
                                    "cookies",
                                    "headers",
                                    "queryString",
                                    "headersSize",
                                    "bodySize",
                                ],
                                "properties": {
                                    "headers": _PAIRS,
                                    "queryString": _PAIRS,
                                    "bodySize": _NUMBER,
                                    "postData": {
                                        "type": "object",
                                        "required": ["mimeType", "text"],
                                        "properties": {"mimeType": _TEXT, "text": _TEXT},
                                    },
                                },
                            },
                            "response": {
                                "type": "object",
                                "required": [
                                    "status",
                                    "statusText",
                                    "httpVersion",
                                    "cookies",
                                    "headers",
                                    "content",
                                    "redirectURL",
                                    "headersSize",
                                    "bodySize",
                                ],
                                "properties": {
                                    "status": {"type": "integer"},
                                    "headers": _PAIRS,
                                    "content": {
                                        "type": "object",
                                        "required": ["size", "mimeType"],
                                        "properties": {"size": _NUMBER, "mimeType": _TEXT},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


@pytest.mark.parametrize("form", sorted(set(reports.FORMS) - {"har"}))
def test_every_report_tells_the_steps_of_a_finding(form: str) -> None:
    """Of HAR each exchange is an entry anyway."""
    told = reports.render(form, summarize(events(sequence())))
    steps = [told.index(one) for one in ("POST", "a-7", "404")]
    assert steps == sorted(steps)
    assert "/v1/tunes" in told


def test_the_terminal_tells_the_steps_of_a_finding_in_order() -> None:
    told = console.render(summarize(events(sequence())), width=100, colour=False)
    at = [
        told.index(line)
        for line in ("  1.  POST /v1/tunes {", "  2.  GET /v1/tunes", "  sent  GET")
    ]
    assert at == sorted(at)
    assert '201 Created, application/json: {"tune": {"id": "a-7"}}' in told
