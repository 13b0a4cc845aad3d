"""A document that is edited while it is served."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.http.exchange import Request
from troth_mock.responding.responder import Responder
from troth_mock.server.application import App
from troth_mock.server.pages import Pages
from troth_mock.server.watching import Watch

BOOKS = """
openapi: 3.1.0
info: {title: books, version: '1'}
paths:
  /books:
    post:
      requestBody:
        content: {application/json: {schema: {$ref: 'book.yaml'}}}
      responses:
        '201': {description: made, content: {application/json: {schema: {$ref: 'book.yaml'}}}}
  /books/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200': {description: it, content: {application/json: {schema: {$ref: 'book.yaml'}}}}
        '404': {description: none}
"""
BOOK = """
type: object
required: [title]
properties:
  id: {type: integer, readOnly: true}
  title: {type: string}
"""
OVERLAY = """
overlay: 1.0.0
info: {title: t, version: '1'}
actions: [{target: $.info, update: {title: shelves}}]
"""


class Edited:
    """A mock of a document that a test edits."""

    def __init__(self, folder: Path) -> None:
        self.document, self.book = folder / "books.yaml", folder / "book.yaml"
        self.overlay = folder / "books.overlay.yaml"
        self.times = 0
        self.is_strict = False
        self.told: list[str] = []
        self.write(self.document, BOOKS)
        self.write(self.book, BOOK)
        self.write(self.overlay, OVERLAY)
        contract = self.load()
        self.app = App(contract, Responder(contract))
        self.watch = Watch(
            self.app,
            self.load,
            named=[self.document, self.overlay],
            tell=self.told.append,
            every=0,
        )

    def write(self, file: Path, text: str) -> None:
        """Write *file*, at another time than before however fast this is."""
        file.write_text(text, encoding="utf-8")
        self.times += 1
        os.utime(file, ns=(self.times, self.times))

    def load(self) -> troth.Contract:
        return troth.load(self.document, overlays=[self.overlay], strict=self.is_strict)

    def look(self) -> bool:
        return asyncio.run(self.watch.look())

    def ask(self, method: str, target: str, value: Any = None) -> tuple[int, Any]:
        body = b"" if value is None else json.dumps(value).encode()
        fields = (("Content-Type", "application/json"),)
        reply = self.app.responder.respond(Request(method, target, fields, body), now=0)
        return reply.status, json.loads(reply.body or b"null")


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    return Edited(tmp_path)


def test_nothing_is_read_while_nothing_changes(edited: Edited) -> None:
    assert not edited.look()
    assert edited.told == []


def test_a_file_that_the_document_refers_to_is_read_anew_and_what_was_made_stays(
    edited: Edited,
) -> None:
    _, made = edited.ask("POST", "/books", {"title": "Emma"})
    edited.write(edited.book, BOOK.replace("title: {", "isbn: {const: x}\n  title: {"))
    assert edited.look()
    assert edited.told == [f"read {edited.document} anew: 2 operations"]
    assert edited.ask("GET", f"/books/{made['id']}") == (200, {**made, "isbn": "x"})


def test_another_document_has_another_tag(edited: Edited) -> None:
    def tag() -> str:
        return dict(Pages(edited.load(), is_ready=bool).render("/openapi.json")[1])["ETag"]

    first = tag()
    assert tag() == first
    edited.write(edited.overlay, OVERLAY.replace("shelves", "boards"))
    assert tag() != first


def test_an_overlay_that_is_edited_counts(edited: Edited) -> None:
    action = "{target: $.paths, update: {/more: {get: {responses: {'204': {description: d}}}}}}"
    edited.write(edited.overlay, OVERLAY.replace("actions: [", f"actions: [{action}, "))
    assert edited.look()
    assert edited.ask("GET", "/more") == (204, None)


def test_a_version_that_cannot_be_used_is_told_and_the_last_good_one_stays(
    edited: Edited,
) -> None:
    edited.write(edited.document, BOOKS.replace("paths:", "paths: ["))
    assert edited.look()
    (sentence,) = edited.told
    assert sentence.startswith(f"{edited.document}:6:9: not valid YAML")
    assert sentence.endswith("\nThe last good version is still served.")
    assert edited.ask("POST", "/books", {"title": "Emma"})[0] == 201
    # and it is not told again until it changes
    assert not edited.look()
    edited.write(edited.document, BOOKS.replace("/books:", "/volumes:"))
    assert edited.look()
    assert edited.ask("POST", "/volumes", {"title": "Emma"})[0] == 201


def test_a_file_that_is_gone_for_a_moment_does_no_harm(edited: Edited) -> None:
    edited.document.unlink()
    assert edited.look()
    edited.write(edited.document, BOOKS)
    assert edited.look()
    assert [sentence.partition(":")[0] for sentence in edited.told] == [
        f"cannot read {edited.document}",
        f"read {edited.document} anew",
    ]


@pytest.mark.parametrize("is_strict", [True, False])
def test_a_file_that_was_not_there_is_noticed_once_it_is(edited: Edited, is_strict: bool) -> None:
    edited.is_strict = is_strict
    # what the overlay has to change stands in the file that is not there
    action = "{target: $..summary, remove: true}"
    edited.write(edited.overlay, OVERLAY.replace("actions: [", f"actions: [{action}, "))
    edited.write(edited.document, BOOKS.replace("paths:", "paths:\n  /pens: {$ref: pens.yaml}"))
    assert edited.look()
    assert edited.told[-1].endswith("The last good version is still served.")
    assert not edited.look()
    pens = "get: {summary: p, responses: {'204': {description: d}}}"
    edited.write(edited.document.with_name("pens.yaml"), pens)
    assert edited.look()
    assert edited.told[-1] == f"read {edited.document} anew: 3 operations"
    assert edited.ask("GET", "/pens") == (204, None)


def test_what_is_being_written_is_left_alone(edited: Edited) -> None:
    async def write_meanwhile() -> bool:
        looking = asyncio.ensure_future(edited.watch.look())
        await asyncio.sleep(0)  # it has seen the half, and waits whether there is more
        edited.write(edited.document, BOOKS)
        return await looking

    edited.write(edited.document, BOOKS[:200])
    assert not asyncio.run(write_meanwhile())
    assert edited.told == []
    assert edited.look()
