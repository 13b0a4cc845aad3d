"""The Makefile and the continuous integration: what `make mock` and `make test` would do."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import versions

ROOT = Path(__file__).parents[1]

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def planned(folder: Path, *arguments: str) -> list[str]:
    """The commands that make would run in a copy of the project that nobody has set up.

    What it says meanwhile is left out.
    """
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        if not (folder / name).exists():
            shutil.copy(ROOT / name, folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", *arguments], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if not line.startswith("echo ")]


@needs_make
def test_make_mock_sets_up_what_users_need_and_starts_it(tmp_path: Path) -> None:
    steps = planned(tmp_path, "mock")
    assert steps[1] == "python3 -m venv .venv"
    assert steps[3].endswith("install --constraint constraints.txt --editable .")
    assert steps[-1] == ".venv/bin/troth mock"
    assert not [step for step in steps if "--group dev" in step]


@needs_make
def test_make_test_sets_up_the_rest_too(tmp_path: Path) -> None:
    steps = planned(tmp_path, "test")
    assert steps[:4] == planned(tmp_path, "mock")[:4]
    assert steps[-3].endswith("install --constraint constraints.txt --group dev")
    assert steps[-1] == ".venv/bin/python -m pytest -n 2 --dist loadfile"


@needs_make
def test_what_is_set_up_is_not_set_up_again(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    planned(tmp_path, "clean")
    (tmp_path / ".venv" / ".set-up").touch()
    (tmp_path / ".venv" / ".set-up-dev").touch()
    assert planned(tmp_path, "mock") == [".venv/bin/troth mock"]


@needs_make
def test_another_python_and_another_folder_can_be_named(tmp_path: Path) -> None:
    steps = planned(tmp_path, "mock", "PYTHON=python3.12", "VENV=elsewhere")
    assert "python3.12 -m venv elsewhere" in steps
    assert steps[-1] == "elsewhere/bin/troth mock"


@needs_make
@pytest.mark.parametrize("minor", [10, 11])
def test_a_python_that_is_too_old_is_told_so(tmp_path: Path, minor: int) -> None:
    check = planned(tmp_path, "mock")[0]
    source = re.sub(r"sys\.version_info", f"(3, {minor})", check.partition("-c ")[2].strip("'"))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert (done.returncode, "troth needs Python 3.11" in done.stderr) == (
        int(minor < 11),
        minor < 11,
    )


def test_continuous_integration_checks_then_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert re.findall(r"^make ([\w-]+)", script.read_text(), re.M) == [
        "check", "test", "test-versions",
    ]  # fmt: skip


@needs_make
def test_the_versions_to_try_can_be_chosen(tmp_path: Path) -> None:
    chosen = "VERSIONS=--python python3.12 --versions lowest"
    assert planned(tmp_path, "test-versions", chosen) == [
        "python3 tests/versions.py --python python3.12 --versions lowest"
    ]


def test_the_lowest_version_is_the_lower_bound() -> None:
    assert versions.lowest("a-b>=1.2,<2; sys_platform != 'win32'") == (
        "a-b==1.2; sys_platform != 'win32'"
    )
    with pytest.raises(SystemExit, match="no lower bound"):
        versions.lowest("a<3")
    assert len(versions.direct("lowest")) == len(versions.direct("newest"))
    assert all("==" in each for each in versions.direct("lowest"))


def test_the_constraints_are_names_and_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_whatever_the_project_needs_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", name)[0]).lower()

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {plain(line.partition("==")[0]) for line in lines}
    assert {plain(name) for name in needed} <= pinned


def test_what_each_version_is_tried_with_is_there() -> None:
    assert [path for path in versions.TESTS if not (ROOT / path).exists()] == []
