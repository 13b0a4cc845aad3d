"""Content by media type: what is written is read again, and what cannot be read is told."""

from __future__ import annotations

import pytest

from troth.openapi.operation import MediaType
from troth.validation import content


@pytest.mark.parametrize(
    ("key", "accept", "expected"),
    [
        ("text/*", "", "text/plain"),
        ("text/*", "image/png, text/html;q=1", "text/html"),
        ("*/*", "*/*", "application/json"),
        ("image/*", "", "image/png"),
        ("application/*+json", "", "application/vnd.example+json"),
        ("application/json", "text/html", "application/json"),
    ],
)
def test_a_range_is_written_in_a_type_that_it_covers(key: str, accept: str, expected: str) -> None:
    entry = MediaType(key, "")
    assert content.concrete(entry, accept) == expected
    assert entry.content_type == expected or "*" in entry.content_type
