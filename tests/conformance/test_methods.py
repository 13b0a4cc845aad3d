"""What the Allow of a 405 may say, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

import troth
from servers.right_servers import described, document
from troth.conformance.checks.methods import allow_violations
from troth.http.exchange import Exchange, Request, Response


@pytest.mark.parametrize(
    ("allow", "said"),
    [
        ("GET, DELETE", []),
        ("GET, DELETE, HEAD, OPTIONS", []),
        (" DELETE ,GET,, ", []),
        ("GET", ["warning: the document declares DELETE here, and Allow has 'GET'"]),
        ("", ["warning: the document declares DELETE, GET here, and Allow is empty"]),
        ("GET, PUT", ["error: PUT is refused with 405, and Allow names it: 'GET, PUT'"]),
        (
            "GET, DELETE, PATCH",
            ["warning: Allow names PATCH, which the document does not declare"],
        ),
    ],
)
def test_allow_names_the_methods_of_the_path(allow: str, said: list[str], tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    answers = {"responses": described(_204={})}
    paths = {"/things/{id}": {"get": answers, "delete": answers}, "/things": {"put": answers}}
    file.write_text(str(document(paths)).replace("'", '"'), encoding="utf-8")
    contract = troth.load(file)

    def told(target: str, status: int = 405) -> list[str]:
        answer = Response(status, (("Allow", allow),), b"")
        exchange = Exchange(Request("PUT", target), answer)
        return [f"{word}: {text}" for word, text in allow_violations(contract, exchange)]

    assert told("/things/7?x=1") == said
    # of another status, and of a path that nobody declared, it says nothing that could be wrong
    assert told("/things/7", 404) == told("/elsewhere") == []
