"""A headless Chromium that a test drives: pages, keys, and what a script in the page gives back.

It speaks the DevTools protocol over a pipe, so no port is opened and no library is needed.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed"
)
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe"),
    # so that a test has pages of other sites, whatever names those have
    "--host-resolver-rules=MAP *.example 127.0.0.1",
)
_KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "Tab": ("", 9), " ": (" ", 32)}
_PATIENCE = 30.0
# DevTools reads from descriptor 3 and writes to 4
_START = """
import os, sys
for end, wanted in zip(map(int, sys.argv[1:3]), (3, 4)):
    os.dup2(end, wanted)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Page:
    """One page; what it wrote to its console, and what it could not load, is kept."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> Any:
        """What DevTools answers to a command."""
        return self._browser.do(method, params, session=self._session, page=self)

    def open(self, url: str) -> None:
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def get(self, script: str) -> Any:
        """What *script* evaluates to, a promise once it is kept."""
        done = self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, script: str, *, patience: float = 10.0) -> Any:
        """What *script* evaluates to once that is true; looked at anew each frame."""
        got = self.get(
            f"""new Promise((resolve) => {{
              const until = performance.now() + {patience * 1000};
              const look = () => {{
                const got = (() => {script})();
                if (got || performance.now() > until) resolve(got instanceof Node || got);
                else requestAnimationFrame(look);
              }};
              look();
            }})"""
        )
        assert got, f"this did not come about: {script}\n{self.get('document.body.innerText')}"
        return got

    def texts(self, selector: str) -> list[str]:
        """What the elements show that *selector* picks."""
        picked = json.dumps(selector)
        return list(
            self.get(f"[...document.querySelectorAll({picked})].map((one) => one.innerText.trim())")
        )

    def press(self, *keys: str) -> None:
        """Press and let go of keys, one after another."""
        for key in keys:
            text, code = _KEYS.get(key, (key if len(key) == 1 else "", 0))
            named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
            self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
            self.do("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, text: str) -> None:
        self.do("Input.insertText", text=text)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])

    def note(self, message: dict[str, Any]) -> None:
        """Keep what DevTools tells of this page, if it is a complaint."""
        params = message["params"]
        if message["method"] == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())
        elif message["method"] == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))


class Browser:
    """A running Chromium, spoken to over a pair of pipes."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._came = b""
        self._number = 0

    def page(self) -> Page:
        target = self.do("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self.do("Target.attachToTarget", {"targetId": target, "flatten": True})
        return Page(self, attached["sessionId"])

    def do(
        self,
        method: str,
        params: dict[str, Any],
        *,
        session: str | None = None,
        page: Page | None = None,
    ) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            if page is not None and answer.get("sessionId") == session and "method" in answer:
                page.note(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._came:
            ready, _, _ = select.select([self._read], [], [], _PATIENCE)
            assert ready, "Chromium says nothing"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium has gone"
            self._came += piece
        message, _, self._came = self._came.partition(b"\0")
        return dict(json.loads(message))


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are clear of the descriptors that DevTools uses."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A Chromium with a profile of its own, ended when the block is left."""
    assert CHROMIUM is not None, "chromium is not installed, and this is CI"
    (take, write), (read, give) = _pipe(), _pipe()
    command = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    running = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _START, str(take), str(give), *command],
        pass_fds=(take, give),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(take)
    os.close(give)
    try:
        yield Browser(write, read)
    finally:
        os.close(write)
        os.close(read)
        running.kill()
        running.wait()
