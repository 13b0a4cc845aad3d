"""README.md and docs/VALIDATION.md are true: every command and snippet in them is run, in order.

A `bash` or `python` block is run in a folder of its own; the `text` block right after it is what it
prints, where `…` stands for any text.  A block with `file=NAME` is written to that file.  `sh`
blocks are the set-up: other tests do that.

`python tests/test_readme.py` writes what is printed now into the pages, where they show all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from listening import free_port

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/VALIDATION.md")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the output that the page shows for it."""

    page: str
    line: int
    language: str
    file: str
    text: str
    shown: str | None = None


def blocks(page: str) -> list[Block]:
    found: list[Block] = []
    source = (ROOT / page).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", source, re.M | re.S):
        line = source.count("\n", 0, match.start()) + 1
        block = Block(page, line, match[1], match[2] or "", match[3])
        if block.language == "text" and found:
            found[-1] = replace(found[-1], shown=block.text)
        else:
            found.append(block)
    return found


RUN = [block for page in PAGES for block in blocks(page) if block.language != "sh"]


class Place:
    """A folder to run blocks in, a mock to run them against, and what was started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("8000", "8080", "8090")}
        self.started: list[subprocess.Popen[bytes]] = []
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TROTH")},
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            "NO_COLOR": "1",
        }
        for name in ("GITHUB_ACTIONS", "CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
            self.environ.pop(name, None)

    def moved(self, text: str) -> str:
        for told, real in self.ports.items():
            text = re.sub(rf"\b{told}\b", real, text)
        return text

    def told(self, text: str) -> str:
        for told, real in self.ports.items():
            text = text.replace(real, told)
        return text.replace(str(self.folder) + os.sep, "").replace(str(BIN) + os.sep, "")

    def run(self, block: Block) -> str:
        """What the block prints, with the page's own ports and without the folder."""
        text = self.moved(block.text)
        if block.file:
            (self.folder / block.file).write_text(text, encoding="utf-8")
            return ""
        command = ["bash", "-c", text] if block.language == "bash" else [sys.executable, "-c", text]
        output = self.folder / f".output-{block.line}"
        with output.open("wb") as stream:
            done = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
            self.started.append(done)
            code = done.wait(timeout=120)
        said = output.read_text(encoding="utf-8", errors="replace")
        assert code == 0, said
        return self.told(said)

    def start(self, *command: str) -> None:
        """Start the mock, and wait until it says where it is."""
        process = subprocess.Popen(
            [str(BIN / "troth"), *command],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        with process.stdout as said:
            json.loads(said.readline())

    def stop(self) -> None:
        """End what was started, and what that started in the background."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    where = Place(tmp_path_factory.mktemp("readme"))
    try:
        where.start("mock", "--json", "--port", where.ports["8000"])
        yield where
    finally:
        where.stop()


def expression(shown: str) -> str:
    """The pattern of what a page shows: `…` is any text, on a line of its own any lines."""
    return ".*?".join(re.escape(part) for part in shown.rstrip().split("…"))


# in order, and all in one process: each block builds upon those before it
@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.page}:{block.line}")
def test_what_the_page_shows_is_what_happens(place: Place, block: Block) -> None:
    said = place.run(block).rstrip()
    if block.shown is not None:
        assert re.fullmatch(expression(block.shown), said, re.S), f"it says:\n{said}"
    else:
        assert said == ""


def test_the_pages_have_no_block_that_is_not_run() -> None:
    known = {"bash", "python", "yaml", "sh"}
    assert [block for block in RUN if block.language not in known] == []
    assert [block for block in RUN if block.language == "yaml" and not block.file] == []


def test_the_set_up_is_what_other_tests_do() -> None:
    # tests/test_makefile.py and tests/test_wheel.py
    told = [
        line
        for page in PAGES
        for block in blocks(page)
        if block.language == "sh"
        for line in block.text.splitlines()
    ]
    assert [re.sub(r"\s*#.*", "", line) for line in told] == [
        "make mock",
        "make test",
        "pip install .",
        "troth mock",
    ]


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "docs/ARCHITECTURE.md"])
def test_links_within_the_project_lead_somewhere(page: str) -> None:
    source = (ROOT / page).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", source)]
    ours = [link for link in links if link and "://" not in link]
    assert [link for link in ours if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize("server", ["troth mock", "Prism 5.16", "aimock 1.43"])
def test_speed_is_told_as_it_was_measured(server: str) -> None:
    measured = (ROOT / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8")
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| {server}[^|]*\| [0-9,]+ \| ([0-9.]+) \|", measured, re.M)
    told = re.search(rf"^\| {server} \| \w+ \| ([0-9.]+) \|", shown, re.M)
    assert found
    assert told
    assert told[1] == found[1]


def update() -> None:
    """Write anew each output that is shown in full."""
    with tempfile.TemporaryDirectory() as folder:
        where = Place(Path(folder))
        try:
            where.start("mock", "--json", "--port", where.ports["8000"])
            for block in RUN:
                said = where.run(block).rstrip() + "\n"
                if block.shown and "…" not in block.shown and block.shown != said:
                    path = ROOT / block.page
                    path.write_text(path.read_text().replace(block.shown, said, 1))
        finally:
            where.stop()


if __name__ == "__main__":
    update()
