"""Every code is explained, and the page of the codes is what `troth explain` tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundled import CONTRACT
from troth.cli.explain_command import explain
from troth.conformance import codes, transport
from troth.conformance.run_summary import CHECKS, check_of
from troth.http import json_text
from troth.http.exchange import FAULTS
from troth.schema.explanation import _KEYWORDS
from troth.violation import Violation

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "contract" / "troth"
OWN, PLACES, RULES = codes.texts().codes, codes.texts().places, codes.texts().rules
# a literal that is a code: a known place, a dot, a kebab-case or keyword word
_LITERAL = re.compile(rf'"((?:{"|".join(codes.FAMILIES)})\.[a-zA-Z0-9-]+)"')


def test_every_code_that_is_written_in_the_sources_is_explained() -> None:
    found = {code for path in SOURCES.rglob("*.py") for code in _LITERAL.findall(path.read_text())}
    assert {"response.server-error", "security.not-enforced", "run.slower"} <= found
    unknown = [code for code in sorted(found) if code not in codes.all_codes(CONTRACT)]
    assert unknown == []


def test_every_rule_of_a_stream_of_credentials_and_of_a_parameter_is_explained() -> None:
    stream = (SOURCES / "validation" / "streams.py").read_text()
    rules = set(re.findall(r'"(stream\.[a-z0-9-]+)"', stream))
    assert len(rules) >= 8
    assert rules <= set(OWN)
    security = (SOURCES / "validation" / "security.py").read_text()
    (words,) = re.findall(r'rule = "([a-z-]+)" if .* else "([a-z-]+)"', security)
    assert {f"request-security.{word}" for word in words} <= set(OWN)
    parameters = (SOURCES / "validation" / "parameters.py").read_text()
    faults = set(re.findall(r'\{location\}\.([a-z-]+)"', parameters))
    assert {"malformed", "required"} <= faults <= set(RULES)


def test_every_fault_of_the_transport_every_reason_and_every_keyword_is_explained() -> None:
    told = (SOURCES / "conformance" / "transport.py").read_text()
    told += (SOURCES / "conformance" / "in_process.py").read_text()
    told += (SOURCES / "http" / "content_coding.py").read_text()
    assert [f"transport.{word}" for word in FAULTS] == list(codes.texts().sections["Transport"])
    assert all(f'"{word}"' in told for word in FAULTS)
    assert {word for _, word, _ in transport._FAULTS} <= set(FAULTS)
    assert set(json_text.REASONS) <= set(RULES)
    assert set(_KEYWORDS) <= set(RULES)


def test_every_location_of_a_violation_has_a_text() -> None:
    read = {"request", "request-security", "response"}  # of these each code has its own text
    assert (
        set(PLACES)
        == {
            family
            for family in codes.FAMILIES
            if family.startswith(("request", "response", "stream"))
        }
        - read
    )
    assert set(codes.FAMILIES.values()) == set(CHECKS)
    for code in codes.all_codes(CONTRACT):
        family = code.partition(".")[0]
        assert check_of(Violation(code, "", family, "")) in CHECKS


def test_the_body_that_a_stream_folds_to_is_a_matter_of_streams() -> None:
    assert check_of(Violation("stream-body.required", "", "stream-body", "")) == "streams"


def test_every_code_has_four_sentences() -> None:
    for code in codes.all_codes(CONTRACT):
        told = codes.explain(CONTRACT, code)
        for sentence in (told.means, told.why, told.usually, told.mend):
            assert sentence.endswith((".", "\u2026")), (code, sentence)
            assert sentence[0].isupper() or not sentence[0].isalpha(), (code, sentence)


def test_the_page_of_codes_is_what_the_texts_make() -> None:
    assert (ROOT / "docs" / "CODES.md").read_text() == codes.page(CONTRACT), (
        "write docs/CODES.md anew: it is what troth.conformance.codes.page() gives"
    )


def run(*args: str) -> str:
    result = CliRunner().invoke(explain, args, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_code_is_told_with_why_how_and_what_to_do() -> None:
    assert run("stream.unfinished") == (
        "stream.unfinished\n"
        "\n"
        "The last event lacks the empty line that completes it.\n"
        "\n"
        "Why it matters\n"
        "  The HTML standard has clients discard it: the end of the message is lost.\n"
        "\n"
        "How servers usually get there\n"
        "  The connection is closed after `data: …` and one line feed.\n"
        "\n"
        "What to do\n"
        "  Write two line feeds after every event, the last one too.\n"
    )


def test_a_law_is_told_in_the_documents_own_words_with_and_without_its_prefix() -> None:
    assert "The document says: 'Total number of tokens used" in run("law.usage-adds-up")
    assert run("usage-adds-up") == run("law.usage-adds-up")


def test_a_capability_names_its_laws() -> None:
    assert "tool-choice-named, tool-choice-none" in " ".join(run("capability.tools").split())


def test_without_a_code_all_are_listed_and_with_a_family_its_own() -> None:
    listed = run()
    assert all(code in listed for code in OWN)
    assert all(rule in listed for rule in RULES)
    assert set(json.loads(run("security", "--json"))) == {
        "security.not-enforced",
        "security.wrong-status",
        "security.wrong-token-accepted",
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "response.server-eror",
            "there is no code 'response.server-eror'; did you mean 'response.server-error'?",
        ),
        ("nonsense", "there is no code 'nonsense'; `troth explain` lists all codes"),
        (
            "law.usage-add-up",
            "there is no code 'law.usage-add-up'; did you mean 'law.usage-adds-up'?",
        ),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest(code: str, said: str) -> None:
    with pytest.raises(codes.UnknownCode) as caught:
        codes.explain(CONTRACT, code)
    assert str(caught.value) == said
    assert caught.value.exit_code == 2
