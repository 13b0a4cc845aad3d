"""Files that clients upload come back, byte for byte, and go with what they belong to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kept_things import TEXT, Client, answer, operation
from troth.http import multipart
from troth.http.exchange import Exchange, Request, Response
from troth.validation import validator
from troth_mock.reply import Reply
from troth_mock.storage import sessions

BINARY = {**TEXT, "format": "binary"}
FILE = {
    "type": "object",
    "required": ["id", "size"],
    "properties": {"id": TEXT, "size": {"type": "integer"}, "filename": TEXT, "content_type": TEXT},
}
PNG = bytes(range(256))


def bytes_of(kind: str, schema: Any = None) -> dict[str, Any]:
    return {"description": "", "content": {kind: {} if schema is None else {"schema": schema}}}


def body_of(kind: str, schema: Any = None) -> dict[str, Any]:
    return {"required": True, "content": bytes_of(kind, schema)["content"]}


def item(name: str, **operations: Any) -> dict[str, Any]:
    own = {"name": name, "in": "path", "required": True, "schema": TEXT}
    return {"parameters": [own], **operations}


SHORT = {**TEXT, "maxLength": 5}
UPLOAD = {"type": "object", "required": ["photo"], "properties": {"photo": BINARY}}
SHOWN = {"headers": {"Content-Disposition": {"schema": TEXT}}}
PATHS: dict[str, Any] = {
    "/files": {"post": operation(body=body_of("multipart/form-data", UPLOAD), _201=answer(FILE))},
    "/files/{id}": item(
        "id", get=operation("404", _200=answer(FILE)), delete=operation("404", _204=answer())
    ),
    "/files/{id}/content": item("id", get=operation("404", _200={**bytes_of("*/*"), **SHOWN})),
    "/files/{id}/raw": item("id", get=operation("404", _200=bytes_of("application/octet-stream"))),
    "/files/{id}/photo": item("id", get=operation("404", _200=bytes_of("image/*", BINARY))),
    "/files/{id}/thumbnail": item("id", get=operation("404", _200=bytes_of("image/png"))),
    "/files/{id}/download": item("id", get=operation("404", _200=bytes_of("text/plain", SHORT))),
    "/pets/{petId}/photos": item(
        "petId", post=operation(body=body_of("image/*"), _201=answer(FILE))
    ),
    "/pets/{petId}/photos/{id}": {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT}
            for name in ("petId", "id")
        ],
        "get": operation("404", _200=bytes_of("image/*")),
    },
    "/pets/{petId}/picture": item(
        "petId",
        post=operation(body=body_of("multipart/form-data", UPLOAD), _204=answer()),
        get=operation("404", _200=bytes_of("image/*")),
    ),
    "/pets/{petId}": item("petId", get=operation(_200=answer(FILE))),
    "/users/{id}/avatar": item(
        "id",
        put=operation(body=body_of("image/*"), _204=answer()),
        get=operation("404", _200=bytes_of("image/*")),
        delete=operation(_204=answer()),
    ),
    "/objects/{key}": item(
        "key",
        put=operation(body=body_of("*/*"), _200=answer(), _201=answer()),
        get=operation("404", _200=bytes_of("*/*", BINARY)),
        delete=operation("404", _204=answer()),
    ),
}


class Uploader(Client):
    """Sends bytes; every answer conforms to the document."""

    def send(
        self, method: str, target: str, data: bytes = b"", kind: str = "", **more: str
    ) -> Reply:
        fields = (*([("Content-Type", kind)] if kind else []), *more.items())
        request = Request(method, target, fields, data)
        reply = self.responder.respond(request, now=0)
        exchange = Exchange(request, Response(reply.status, reply.fields, reply.body or b""))
        assert validator.validate(self.contract, exchange) == ()
        return reply

    def form(self, target: str, data: bytes, kind: str, name: str) -> Reply:
        part = multipart.named("photo", data, filename=name, fields=(("Content-Type", kind),))
        boundary, body = multipart.write([part])
        return self.send("POST", target, body, f"multipart/form-data; boundary={boundary}")

    def upload(self, data: bytes, kind: str = "image/png", name: str = "a b.png") -> str:
        reply = self.form("/files", data, kind, name)
        told = json.loads(reply.body or b"")
        assert (told["size"], told["filename"], told["content_type"]) == (len(data), name, kind)
        return f"/files/{told['id']}"


@pytest.fixture
def mock() -> Uploader:
    return Uploader(PATHS)


def test_a_file_of_a_form_comes_back_as_it_came(mock: Uploader) -> None:
    path = mock.upload(PNG)
    reply = mock.send("GET", f"{path}/content")
    fields = dict(reply.fields)
    assert (reply.body, fields["Content-Type"]) == (PNG, "image/png")
    assert fields["Content-Disposition"] == 'attachment; filename="a b.png"'
    # the member of the form says what it is
    assert mock.send("GET", f"{path}/photo").body == PNG
    raw = mock.send("GET", f"{path}/raw")
    assert (raw.body, dict(raw.fields)["Content-Type"]) == (PNG, "application/octet-stream")


def test_what_is_called_otherwise_is_another_file(mock: Uploader) -> None:
    assert mock.send("GET", f"{mock.upload(PNG)}/thumbnail").body != PNG


def test_a_type_that_is_not_declared_or_wanted_is_not_sent(mock: Uploader) -> None:
    path = mock.upload(b"%PDF", "application/pdf", "a.pdf")
    assert mock.send("GET", f"{path}/photo").body != b"%PDF"
    assert mock.send("GET", f"{path}/content", Accept="image/png").body != b"%PDF"
    assert mock.send("GET", f"{path}/content", Accept="application/pdf").body == b"%PDF"


def test_a_text_comes_back_where_the_document_allows_what_it_says(mock: Uploader) -> None:
    for text, is_given in ((b"short", True), (b"too long", False)):
        path = mock.upload(text, "text/plain", "a.txt")
        assert (mock.send("GET", f"{path}/download").body == text) is is_given


def test_a_file_in_a_thing_is_that_of_its_own_path(mock: Uploader) -> None:
    one, other = (mock.send("POST", "/pets/rex/photos", data, "image/png") for data in (PNG, b"x"))
    paths = [f"/pets/rex/photos/{json.loads(each.body or b'')['id']}" for each in (one, other)]
    assert [mock.send("GET", path).body for path in paths] == [PNG, b"x"]
    mock.form("/pets/rex/picture", b"pic", "image/gif", "a.gif")
    assert mock.send("GET", "/pets/rex/picture").body == b"pic"


def test_a_page_that_was_uploaded_gets_no_origin(mock: Uploader) -> None:
    reply = mock.send("GET", mock.upload(b"<script>", "text/html", "a.html") + "/content")
    assert reply.body == b"<script>"
    assert dict(reply.fields)["Content-Security-Policy"] == "sandbox"


def test_a_file_goes_with_its_item(mock: Uploader) -> None:
    path = mock.upload(PNG)
    assert mock.send("DELETE", path).status == 204
    assert mock.send("GET", f"{path}/content").status == 404


def test_a_body_that_is_whole_a_file_comes_back_and_is_replaced(mock: Uploader) -> None:
    for target, kind in (("/users/7/avatar", "image/webp"), ("/objects/k", "text/x-strange")):
        for data in (PNG, b"two", b""):
            mock.send("PUT", target, data, kind)
            reply = mock.send("GET", target)
            assert (reply.body, dict(reply.fields)["Content-Type"]) == (data, kind)
        mock.send("DELETE", target)
        assert mock.send("GET", target).status == 404


def test_files_count_for_what_is_kept(mock: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_BYTES", 1000)
    first, *_, last = [mock.upload(PNG) for _ in range(6)]
    assert mock.send("GET", f"{first}/content").status == 404
    assert mock.send("GET", f"{last}/content").body == PNG
