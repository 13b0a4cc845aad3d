"""Run the mock's tests and the plugin's with the lowest and the newest of what troth depends on.

`python tests/versions.py` makes an environment below `.venvs/` for each installed Python that
pyproject.toml allows, once with the lowest version that it allows of every direct dependency and
once with the newest, asks a mock of each one question, and runs the tests of all that meets those
libraries' edges.  Its arguments choose: `--python python3.12`, `--versions lowest`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
TESTS = (
    "tests/mock",
    "tests/pytest_plugin",
    "tests/test_published.py",
    "tests/generation/test_independent.py",
    "tests/document/test_yaml_reader.py",
    "tests/validation/test_parameters.py",
)
_TOGETHER = ("-n", "2", "--dist", "loadfile")
# what the tests need besides
_ALSO = ("pytest-xdist",)
_URL = re.compile(r"http://[^\s/]+")
_QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def main() -> int:
    """Try each environment that is asked for, and say how each did; 1 when any failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", action="append", help="a Python to take (default: all)")
    parser.add_argument("--versions", action="append", choices=("lowest", "newest"))
    chosen = parser.parse_args()
    pythons = chosen.python or [path for name in PYTHONS if (path := installed(name))]
    results = [
        (Path(python).name, versions, *attempt(python, versions))
        for python in pythons
        for versions in chosen.versions or ("lowest", "newest")
    ]
    print()
    for python, versions, failed, seconds in results:
        print(f"{python:12} {versions:7} {failed or 'ok':14} {seconds:4.0f} s")
    return any(failed for _, _, failed, _ in results) or not results


def installed(name: str) -> str | None:
    """Where the Python called *name* is, on PATH or among pyenv's, if it runs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    number = name.removeprefix("python")
    found = [shutil.which(name), *sorted(pyenv.glob(f"versions/{number}.*/bin/{name}"))]
    return next((str(path) for path in found if path and runs(str(path))), None)


def runs(python: str) -> bool:
    """Whether *python* can be run: a name on PATH may be a shim with nothing behind it."""
    return subprocess.run([python, "-V"], capture_output=True).returncode == 0


def attempt(python: str, versions: str) -> tuple[str, float]:
    """Install, ask and test; return what failed, or "", and how long it took."""
    begun = time.monotonic()
    print(f"\n== {python}, {versions} versions", flush=True)
    home = ROOT / ".venvs" / f"{Path(python).name}-{versions}"
    inside = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    failed = ""
    for step, do in (
        ("installation", lambda: install(python, home, inside, versions)),
        ("question", lambda: ask(inside)),
        ("tests", lambda: test(inside)),
    ):
        if not do():
            failed = step
            break
    return failed, time.monotonic() - begun


def install(python: str, home: Path, inside: Path, versions: str) -> bool:
    """Make or bring up to date the environment at *home*."""
    if not inside.exists() and not succeeds(python, "-m", "venv", str(home)):
        return False
    wanted = home / "wanted.txt"
    wanted.write_text("".join(f"{each}\n" for each in direct(versions)), "utf-8")
    pip = (str(inside), "-m", "pip", "--quiet", "--disable-pip-version-check")
    return succeeds(
        *pip, "install", "--upgrade", "--constraint", str(wanted), "--editable", str(ROOT), *_ALSO
    ) and succeeds(*pip, "check")


def direct(versions: str) -> list[str]:
    """The direct dependencies, at their lower bound when *versions* is "lowest"."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared: list[str] = tomllib.load(file)["project"]["dependencies"]
    return [lowest(each) if versions == "lowest" else each for each in declared]


def lowest(requirement: str) -> str:
    """*requirement* at its lower bound: `a>=1.2,<2; m` gives `a==1.2; m`."""
    bound, mark, condition = requirement.partition(";")
    found = re.fullmatch(r"([\w.-]+)>=([\w.]+)(,.*)?", bound.strip())
    if found is None:
        raise SystemExit(f"{requirement!r} in pyproject.toml has no lower bound")
    return f"{found[1]}=={found[2]}{mark}{condition}"


def ask(inside: Path) -> bool:
    """Start a mock of the bundled document, and ask it for a chat completion."""
    mock = subprocess.Popen(
        [str(inside), "-m", "troth", "mock", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        text=True,
    )
    try:
        assert mock.stdout is not None
        url = next((found[0] for line in mock.stdout if (found := _URL.search(line))), None)
        if url is None:
            return False
        request = urllib.request.Request(
            f"{url}/v1/chat/completions",
            json.dumps(_QUESTION).encode(),
            {"Content-Type": "application/json", "Authorization": "Bearer x"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)["choices"][0]["message"]["content"]
        print(f"the mock says {answer[:50]!r}", flush=True)
        return bool(answer)
    finally:
        mock.terminate()
        mock.wait()


def test(inside: Path) -> bool:
    """Run the tests whose outcome depends on what is installed."""
    return succeeds(str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", *_TOGETHER, *TESTS)


def succeeds(*command: str) -> bool:
    return subprocess.run(command, cwd=ROOT, env=environment()).returncode == 0


def environment() -> dict[str, str]:
    """The environment without what would bring in another installation's modules."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


if __name__ == "__main__":
    sys.exit(main())
