"""What the Allow of a 405 may say, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

import troth
from servers.right_servers import described, document
from troth.conformance.checks.methods import allow_violations, head_violations
from troth.http.exchange import Exchange, Request, Response


@pytest.mark.parametrize(
    ("allow", "said"),
    [
        ("GET, DELETE", []),
        ("GET, DELETE, HEAD, OPTIONS", []),
        (" DELETE ,GET,, ", []),
        ("GET", ["hint: the document declares DELETE here, and Allow has 'GET'"]),
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


def test_allow_may_name_what_another_template_of_the_path_has(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    answers = {"responses": described(_204={})}
    paths = {"/things/batch": {"post": answers}, "/things/{id}": {"get": answers}}
    file.write_text(str(document(paths)).replace("'", '"'), encoding="utf-8")
    contract = troth.load(file)

    def told(allow: str) -> list[str]:
        answer = Response(405, (("Allow", allow),), b"")
        exchange = Exchange(Request("PUT", "/things/batch?x=1"), answer)
        return [text for _, text in allow_violations(contract, exchange)]

    assert told("GET, POST") == []
    assert told("GET, POST, PATCH") == ["Allow names PATCH, which the document does not declare"]


def test_allow_need_not_name_a_method_that_is_refused_always(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    paths = {
        "/status/405": {"get": {"responses": described(_405={})}},
        "/both": {"get": {"responses": described(_200={}, _405={})}},
    }
    file.write_text(str(document(paths)).replace("'", '"'), encoding="utf-8")
    contract = troth.load(file)

    def told(target: str) -> list[str]:
        exchange = Exchange(Request("HEAD", target), Response(405, (("Allow", ""),), b""))
        return [text for _, text in allow_violations(contract, exchange)]

    assert told("/status/405") == []
    assert told("/both") == ["the document declares GET here, and Allow is empty"]


def answer(status: int = 200, body: bytes = b"[]", **fields: str) -> Response:
    named = tuple((name.replace("_", "-"), text) for name, text in fields.items())
    return Response(status, named, body)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (answer(body=b"", Content_Length="2", Content_Type="application/json", ETag='"a"'), []),
        (answer(body=b"", Content_Type="application/json;charset=utf-8"), []),
        (answer(body=b""), []),
        (answer(404), []),
        (answer(405), []),
        (answer(501), []),
        (answer(body=b"", Content_Length="0"), ["error: HEAD says Content-Length: 0, and GET has"]),
        (answer(204), []),
        (answer(403), ["warning: HEAD answers 403, and GET 200"]),
        (answer(ETag='"b"'), ['warning: HEAD says ETag: "b", and GET "a"']),
        (answer(Content_Type="text/html"), ["warning: HEAD says Content-Type: text/html, and"]),
    ],
)
def test_head_says_what_get_says_or_less(head: Response, said: list[str]) -> None:
    get = answer(Content_Type="application/json", ETag='"a"')
    told = [f"{word}: {text}" for word, text in head_violations(get, head, get)]
    assert len(told) == len(said)
    assert all(one.startswith(start) for one, start in zip(told, said, strict=True)), told


def test_what_two_gets_do_not_agree_on_accuses_no_head() -> None:
    get = answer(Content_Type="application/json", ETag='"a"')
    other = answer(body=b"[1]", Content_Type="text/plain", ETag='"c"')
    head = answer(Content_Length="7", Content_Type="text/html", ETag='"b"')
    assert list(head_violations(get, head, other)) == []
    coded = answer(Content_Encoding="gzip", Content_Length="22")
    assert list(head_violations(coded, answer(Content_Length="22"), coded)) == []
