"""The journal keeps every event whole, and is readable whatever became of the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.conformance import files, journal
from troth.conformance.events import (
    Cut,
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    PhaseStarted,
    Started,
    Step,
    Taken,
)
from troth.errors import Place
from troth.http.exchange import Exchange, Request, Response
from troth.violation import Violation

texts = st.text(max_size=8) | st.sampled_from(("\ud800", "a\udfff b", "\0\x1b[31m", "\u2028"))
numbers = st.floats(0, 1e6, allow_nan=False)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
objects: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(texts, values, max_size=3)
fields = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
bodies = st.binary(max_size=40) | st.text(max_size=20).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
arrivals = st.lists(st.tuples(numbers, st.binary(max_size=9)), max_size=4).map(tuple)
cuts = st.dictionaries(
    st.sampled_from(("request", "response")), st.builds(Cut, st.integers(0), texts), max_size=2
)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    pieces = draw(arrivals)
    joined = b"".join(piece for _, piece in pieces)
    body = draw(st.just(joined) | bodies)
    return Response(draw(st.integers(100, 999)), draw(fields), body, pieces)


exchanges = st.builds(
    Exchange,
    st.builds(Request, texts, texts, fields, bodies),
    st.none() | responses(),
    st.none() | texts,
    texts,
    numbers,
)
severities = st.sampled_from(("error", "warning", "hint"))
violations = st.builds(
    Violation,
    texts,
    texts,
    texts,
    texts,
    texts,
    texts,
    st.none() | st.builds(Place, texts, st.integers(1), st.integers(1)),
    severities,
    st.none() | st.integers(100, 599),
    st.none() | texts,
    st.none() | texts,
)
taken = st.lists(st.builds(Taken, st.integers(0), texts, texts), max_size=2).map(tuple)
steps = st.lists(st.builds(Step, exchanges, taken, cuts), max_size=2).map(tuple)
findings = st.builds(
    Finding,
    texts,
    severities,
    violations,
    texts,
    texts,
    exchanges,
    st.integers(0),
    st.integers(0),
    st.integers(0),
    st.booleans(),
    st.none() | texts,
    texts,
    cuts,
    steps,
    taken,
)
tuples = st.lists(texts, max_size=3).map(tuple)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Started,
        *[texts] * 6,
        st.integers(),
        tuples,
        objects,
        tuples,
        st.lists(objects, max_size=2).map(tuple),
        tuples,
        st.dictionaries(texts, st.dictionaries(texts, st.lists(texts, max_size=2), max_size=2)),
    ),
    st.builds(PhaseStarted, texts, st.integers(0)),
    st.builds(
        Exchanged,
        *[texts] * 6,
        exchanges,
        st.lists(violations, max_size=2).map(tuple),
        st.dictionaries(texts, texts, max_size=2),
        tuples,
        cuts,
    ),
    st.builds(Found, findings),
    st.builds(PhaseStarted, texts, st.integers(0)),
    st.builds(
        Finished,
        st.sampled_from(("conforms", "interrupted")),
        st.integers(0, 3),
        texts,
        *[st.integers(0)] * 3,
        numbers,
        *[st.integers(0)] * 2,
    ),
)


@settings(max_examples=100)
@given(events)
def test_what_is_written_is_what_is_read(event: Event) -> None:
    line = journal.encode(journal.to_json(event))
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert journal.of_json(json.loads(line)) == event


def test_a_journal_gives_its_events_back(tmp_path: Path) -> None:
    told: list[Event] = [PhaseStarted("examples", 3), PhaseStarted("b\nc\u2028\ud800", 0)]
    with journal.Journal(tmp_path / "new" / "run.ndjson") as written:
        for event in told:
            written.write(event)
    assert list(journal.read(tmp_path / "new" / "run.ndjson")) == told


@settings(max_examples=40)
@given(data=st.data())
def test_a_journal_cut_anywhere_is_read_up_to_its_last_whole_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "run.ndjson"
    told: list[Event] = [PhaseStarted("é😀" * number, number) for number in range(4)]
    with journal.Journal(path) as written:
        for event in told:
            written.write(event)
    whole = path.read_bytes()
    head = whole.index(b"\n") + 1
    at = data.draw(st.integers(head, len(whole)))
    path.write_bytes(whole[:at])
    lines = whole[:at].count(b"\n") - 1
    read = list(journal.read(path))
    # a line that only lacks its line feed is whole
    assert read == told[: len(read)]
    assert lines <= len(read) <= lines + 1


def test_a_killed_run_leaves_every_event_that_it_told(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    script = (
        "import sys\n"
        "from troth.conformance.events import PhaseStarted\n"
        "from troth.conformance.journal import Journal\n"
        "with Journal(sys.argv[1]) as journal:\n"
        "    for number in range(200):\n"
        "        journal.write(PhaseStarted('n', number))\n"
        "    print('told', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"told\n"
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert list(journal.read(path)) == [PhaseStarted("n", number) for number in range(200)]


def test_a_journal_may_be_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with journal.Journal("-") as written:
        written.write(PhaseStarted("a", 1))
    lines = capfdbinary.readouterr().out.splitlines()
    assert json.loads(lines[0])["journal"] == "troth"
    assert json.loads(lines[1]) == {"event": "phase", "phase": "a", "planned": 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_without_room_is_told_by_its_name() -> None:
    with pytest.raises(files.NotWritten, match=r"^/dev/full cannot be written: No space left"):
        journal.Journal("/dev/full").__enter__()


def test_two_runs_do_not_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    with journal.Journal(path) as first:
        first.write(PhaseStarted("first", 1))
        with (
            pytest.raises(files.Unwritable, match="another run is writing it"),
            journal.Journal(path),
        ):
            pass
    assert list(journal.read(path)) == [PhaseStarted("first", 1)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a journal of troth: it is empty"),
        (b"<html>\n", "not a journal of troth"),
        (b"[1]\n", "its first line does not say so"),
        (b'{"log": {}}\n', "its first line does not say so"),
        (b'{"journal":"troth","format":2}\n', "written in format 2 by a newer troth"),
        (b'{"journal":"troth","format":99}\n', "written in format 99 by a newer troth"),
        (b'{"journal":"troth","format":1}\n{"event":"phase"}\n', ":2: no event of a journal"),
        (b'{"journal":"troth","format":1}\nnull\n', ":2: no event of a journal"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(journal.BadJournal) as caught:
        list(journal.read(path))
    assert sentence in str(caught.value)
    assert caught.value.exit_code == 2


def test_events_and_members_of_other_versions_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(
        '{"journal":"troth","format":1}\n{"event":"noted","code":"of an earlier version"}\n'
        '{"event":"phase","phase":"a","planned":1,"colour":"red"}\n'
    )
    assert list(journal.read(path)) == [PhaseStarted("a", 1)]


def test_a_large_body_is_cut_and_its_size_and_hash_are_kept() -> None:
    body = bytes(range(256)) * 10
    pieces = ((0.5, body[:1000]), (0.6, body[1000:]))
    whole = Exchange(Request("POST", "/", (), b"small"), Response(200, (), body, pieces))
    event = Exchanged("c", "o", "examples", "", "valid", "case", whole)
    told = journal.capped(event, largest=1001)
    assert isinstance(told, Exchanged)
    assert told.cuts == {"response": Cut(2560, sha256(body).hexdigest())}
    assert told.exchange.response == Response(
        200, (), body[:1001], ((0.5, body[:1000]), (0.6, body[1000:1001]))
    )
    assert journal.capped(event, largest=2560) is event
    found = journal.capped(
        Found(Finding("i", "error", Violation("c", "o", "l", "m"), "", "", whole))
    )
    assert isinstance(found, Found)
    assert found.finding.cuts == {}


def test_a_report_takes_the_place_of_the_former_one_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "ü ber" / "r.txt"
    files.write(path, b"one")
    link = tmp_path / "link"
    link.symlink_to(path)
    files.write(link, b"two")
    assert link.is_symlink()
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["r.txt"]


def test_a_report_that_cannot_be_finished_leaves_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.txt"
    files.write(path, b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.NotWritten) as caught:
        files.write(path, b"two")
    assert str(caught.value) == f"{path} cannot be written: No space left on device"
    assert caught.value.exit_code == 3
    assert path.read_bytes() == b"one"
    assert [file.name for file in tmp_path.iterdir()] == ["r.txt"]


def test_what_cannot_be_written_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "r.txt", tmp_path / "a\0b"):
        with pytest.raises(files.Unwritable) as caught:
            files.check_writable(path)
        assert caught.value.exit_code == 2
    files.check_writable(tmp_path / "deep" / "er" / ".." / "r.txt")
    files.check_writable("-")
    files.check_writable("/dev/null")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["deep", "file"]
