"""Multipart bodies: what is written is read again, here and by Python's e-mail package."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.http.multipart import BadMultipart, Part, named, read, write

NAMES = st.text(
    st.characters(
        exclude_categories=["Cs"], exclude_characters="\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    )
)
DATA = st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\n--", b"--troth-7f1d0c2a--", b"--"])


@given(st.lists(st.tuples(NAMES, DATA, st.none() | NAMES), max_size=4))
@example([('a"b\r\n\\c%2', b"--troth-7f1d0c2a\r\n", "x y  z")])
def test_parts_come_back_as_they_were(sent: list[tuple[str, bytes, str | None]]) -> None:
    boundary, body = write(named(name, data, filename=file) for name, data, file in sent)
    parts = read(f"multipart/form-data; boundary={boundary}", body)
    assert [(part.name, part.data, part.filename) for part in parts] == [
        (plain(name), data, plain(file)) for name, data, file in sent
    ]


def plain(name: str | None) -> str | None:
    """*name* as browsers send it: an escape cannot be told from what it stands for."""
    if name is None:
        return None
    for escape, char in (("%22", '"'), ("%0D", "\r"), ("%0d", "\r"), ("%0A", "\n"), ("%0a", "\n")):
        name = name.replace(escape, char)
    return name


@given(
    st.lists(st.tuples(st.text("abc_.- é", min_size=1), st.text("ab \n")), min_size=1, max_size=4)
)
def test_others_read_what_is_written(sent: list[tuple[str, str]]) -> None:
    fields = (("Content-Type", "text/plain; charset=utf-8"),)
    boundary, body = write(named(name, text.encode(), fields=fields) for name, text in sent)
    head = f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + body).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [text.encode() for _, text in sent]
    names = [part["content-disposition"].params["name"] for part in parts]
    assert names == [name for name, _ in sent]


def test_a_name_may_be_encoded_as_older_clients_do() -> None:
    def part(disposition: str) -> Part:
        return Part((("Content-Disposition", f"form-data; {disposition}"),), b"")

    assert part("name*=utf-8''gr%C3%BC%C3%9Fe").name == "grüße"
    assert part("name=a; filename*=iso-8859-1'de'%FC.png").filename == "ü.png"
    assert part("name=a; filename=b; filename*=utf-8''c").filename == "b"
    assert part("name*=klingon''%61").name is None


def test_what_stands_before_the_first_boundary_and_after_the_last_is_no_part() -> None:
    body = b"preamble\r\n--x  \r\nA: 1\r\n  2\r\n\r\none\r\n--x\n\ntwo\n--x--\r\n--x\r\n\r\nlate"
    assert read("multipart/mixed; boundary=x", body) == [
        Part((("A", "1 2"),), b"one"),
        Part((), b"two"),
    ]


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        ("multipart/mixed", b"", "no boundary"),
        ("multipart/mixed; boundary=x", b"--x\r\n\r\none", "begin and end"),
        ("multipart/mixed; boundary=x", b"--x--y\r\n", "begin and end"),
        ("multipart/mixed; boundary=x", b"--x\r\nA: 1\r\n--x--", "no empty line"),
        ("multipart/mixed; boundary=x", b"--x\r\nA\r\n\r\n--x--", "is no field"),
    ],
)
def test_what_is_no_multipart_body_is_told(content_type: str, body: bytes, why: str) -> None:
    with pytest.raises(BadMultipart, match=why):
        read(content_type, body)


@given(st.binary(max_size=80))
def test_no_body_raises_more_than_that(body: bytes) -> None:
    for data in (body, b"--x\r\n" + body + b"\r\n--x--"):
        try:
            parts = read("multipart/form-data; boundary=x", data)
        except BadMultipart:
            continue
        assert all(isinstance(part.name, str | None) for part in parts)
