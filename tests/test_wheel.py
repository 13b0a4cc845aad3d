"""The wheel, outside the checkout: what is in it, and that what users start works from it.

It is built, and installed into an environment of its own by pip, without its dependencies: those
come from the environment of the tests through a .pth file, which brings no module of ours (that
environment has the project as an editable install, and .pth files within a .pth are not read).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installed:
    """The built distributions, and the environment that the wheel is installed in."""

    wheel: Path
    sdist: Path
    folder: Path
    elsewhere: Path

    def run(self, *command: str, code: int = 0) -> str:
        """What a command of that environment says, from another working directory."""
        done = subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=self.elsewhere,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (code, ""), done.stdout
        return done.stdout

    def environ(self) -> dict[str, str]:
        ours = ("PYTHON", "VIRTUAL_ENV", "TROTH", "PYTEST")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheel")
    # hatchling is one of the development's own libraries, so nothing is fetched to build
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = place.glob("*.whl"), place.glob("*.tar.gz")
    folder = place / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    subprocess.run([*install, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    return Installed(wheel, sdist, folder, elsewhere)


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_has_the_two_packages_and_no_other(installed: Installed) -> None:
    tops = {name.partition("/")[0] for name in names(installed.wheel)}
    assert tops == {"troth", "troth_mock", "troth-0.1.0.dist-info"}


def test_the_wheel_has_every_module_the_documents_and_the_licence(installed: Installed) -> None:
    packed = set(names(installed.wheel))
    sources = {
        str(path.relative_to(ROOT / root))
        for root in ("contract", "mock")
        for path in (ROOT / root).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    documents = {f"troth/spec/{path.name}" for path in (ROOT / "spec").iterdir()}
    licence = {"troth-0.1.0.dist-info/licenses/LICENSE"}
    assert sources | documents | licence <= packed


def test_the_wheel_says_that_it_is_typed(installed: Installed) -> None:
    assert {"troth/py.typed", "troth_mock/py.typed"} <= set(names(installed.wheel))


def test_the_source_distribution_builds_and_tests_by_itself(installed: Installed) -> None:
    with tarfile.open(installed.sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "Makefile", "constraints.txt", "README.md", "tests/test_wheel.py"}
    assert needed <= packed
    assert not {name for name in packed if "node_modules" in name or ".venv" in name}


def test_it_is_the_wheel_that_is_imported(installed: Installed) -> None:
    script = (
        "import importlib.util as u, troth, troth_mock\n"
        "print(troth.__file__, troth_mock.__file__, sep='\\n')\n"
        "print([name for name in ('contract', 'mock', 'spec') if u.find_spec(name)])"
    )
    said = installed.run("python", "-c", script).splitlines()
    assert all(line.startswith(str(installed.folder)) for line in said[:2])
    assert said[2:] == ["[]"]


def test_the_command_says_its_version(installed: Installed) -> None:
    assert installed.run("troth", "--version") == "troth 0.1.0\n"


def test_the_bundled_document_is_free_of_errors_there_too(installed: Installed) -> None:
    last = installed.run("troth", "lint").splitlines()[-1]
    assert last.startswith("spec/atoma.yaml: ")
    assert "error" not in last


def test_show_writes_to_a_reader_that_does_not_read_on(installed: Installed) -> None:
    shown = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"'{installed.folder}/bin/troth' show | head -n 1"],
        cwd=installed.elsewhere,
        env=installed.environ(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "openapi: '3.2.0'\n", "")


def test_the_mock_answers_and_stops(installed: Installed) -> None:
    process = subprocess.Popen(
        [str(installed.folder / "bin" / "troth"), "mock", "--port", "0", "--json"],
        cwd=installed.elsewhere,
        env=installed.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        request = urllib.request.Request(
            url + "/v1/chat/completions",
            json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}).encode(),
            {"Authorization": "Bearer any", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = json.load(answer)
    finally:
        process.terminate()
        left, errors = process.communicate(timeout=30)
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert (left, errors) == ("", "")


def test_pytest_finds_the_plugins(installed: Installed) -> None:
    said = installed.run("python", "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider")
    fixtures = {line.partition(" ")[0] for line in said.splitlines() if " [session scope]" in line}
    assert {"contract", "conformance", "mock_server"} <= fixtures
