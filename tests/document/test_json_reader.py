"""JSON: its values, its places, and every way in which it can be wrong."""

from __future__ import annotations

import pytest

from troth.document.document import Limits, read
from troth.document.spec_errors import BadSyntax
from troth.errors import Place, SpecError


def refused(
    data: str | bytes, error: type[SpecError], name: str = "a.yaml", limits: Limits | None = None
) -> SpecError:
    data = data.encode() if isinstance(data, str) else data
    with pytest.raises(error) as caught:
        read(data, name=name, limits=limits, strict=True)
    assert "Traceback" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "pointer", "fault"),
    [
        ('{"openapi":\n NaN}', (2, 2), "/openapi", "NaN is not a JSON value"),
        ('{"a": [1,\n-Infinity]}', (2, 1), "/a/1", "-Infinity is not a JSON value"),
        ('{"a": 1e999}', (1, 7), "/a", "1e999 is too large for a number"),
        ('{"a": [1,\n  2,]}', (2, 4), "/a/2", "a comma before ']'"),
        ('{"a": 1,\n}', (1, 8), "/a", "a comma before '}'"),
        ('{"a" 1}', (1, 6), "/a", "expected ':', found '1'"),
        ('{"a": 1 "b": 2}', (1, 9), "/a", "expected ',' or '}', found '\"'"),
        ("{a: 1}", (1, 2), "", "expected a member name in \", found 'a'"),
        ('{"a": [1', (1, 9), "/a/1", "expected ',' or ']', found the end of the text"),
        ('{"a": }', (1, 7), "/a", "expected a value, found '}'"),
        ('{"a": 01}', (1, 8), "/a", "expected ',' or '}', found '1'"),
        ('{"a": "b\n"}', (1, 9), "/a", "invalid control character at"),
        ('{"a": "b', (1, 7), "/a", "unterminated string starting at"),
        ('{"a": "\\x"}', (1, 8), "/a", "invalid \\escape"),
        ('{"a": "\\ud800"}', (1, 7), "/a", "half a surrogate pair in a string"),
        ('{"a": 1} {}', (1, 10), "", "text goes on after the end of the JSON value"),
        ("", (1, 1), "", "expected a value, found the end of the text"),
        ("\r\n\r\nnope", (3, 1), "", "expected a value, found 'n'"),
    ],
)
def test_bad_json_has_a_place_and_a_reason(
    text: str, place: tuple[int, int], pointer: str, fault: str
) -> None:
    error = refused(text, BadSyntax, "a.json")
    assert (error.place, error.pointer) == (Place("a.json", *place), pointer)
    assert error.fault.startswith("not valid JSON: " + fault)


def test_json_keeps_what_yaml_cannot() -> None:
    text = '{"openapi": "3.1.0",\t"a\\/b": "\\ud83d\\ude00", "": [[], {}, -0.0, 1E2]}'
    document = read(text.encode())
    assert document.root == {"openapi": "3.1.0", "a/b": "😀", "": [[], {}, -0.0, 100.0]}
    assert document.place("/a~1b") == Place("<bytes>", 1, 22)
