"""What is seen while a run goes on: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from troth.conformance.events import Event, Exchanged, Finished, Found, PhaseStarted
from troth.conformance.reports import text

#: A line that changes more often is not read better, and costs.
_EVERY = 0.1
_CLEAR = "\r\x1b[K"


def is_live(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether *stream* is a terminal whose last line may be rewritten."""
    env = os.environ if environ is None else environ
    if env.get("NO_COLOR") or env.get("CI") or env.get("TERM", "") in ("dumb", ""):
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


class Live:
    """Follows a run on *stream*; *clock* is monotonic seconds.  A stream that goes away is left.

    It *tells findings* as they come where the end, which tells all of them, may be far off.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], float],
        live: bool,
        width: int | None = None,
        tells_findings: bool = False,
    ) -> None:
        self._stream: TextIO | None = stream
        self._clock = clock
        self._live = live
        self._tells_findings = tells_findings
        self._width = width or shutil.get_terminal_size().columns
        self._phase = ""
        self._planned = self._done = self._requests = 0
        self._severities: dict[str, str] = {}
        self._began = clock()
        self._shown = self._began - _EVERY
        self._is_open = False

    def tell(self, event: Event) -> None:
        """Show what *event* changes."""
        if isinstance(event, PhaseStarted):
            self._phase, self._planned, self._done = event.phase, event.planned, 0
            if not self._live:
                planned = f": {text.counted(event.planned, 'request')}" if event.planned else ""
                self._write(f"{event.phase}{planned}\n")
        elif isinstance(event, Exchanged):
            self._requests += 1
            self._done += event.purpose == "case"
        elif isinstance(event, Found):
            self._found(event)
        elif isinstance(event, Finished):
            self.close()
            return
        self._redraw()

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if self._is_open:
            self._write(_CLEAR)
            self._is_open = False

    def _found(self, event: Found) -> None:
        finding = event.finding
        if finding.id in self._severities:
            return
        self._severities[finding.id] = "known" if finding.known else finding.severity
        if self._tells_findings:
            violation = finding.violation
            line = f"{violation.code}  {violation.operation}  {violation.message}"
            safe = text.disarmed(text.visible(text.shortened(line, 300)))
            self.close()
            self._write(f"  {self._severities[finding.id]}: {safe}\n")

    def _redraw(self) -> None:
        now = self._clock()
        if not self._live or now - self._shown < _EVERY:
            return
        self._shown = now
        rate = self._requests / max(now - self._began, 0.001)
        kinds = list(self._severities.values())
        words = [
            f"{self._phase or 'starting'} {self._done}"
            + (f"/{self._planned}" if self._planned else ""),
            f"{rate:.0f} requests/s",
            text.counted(kinds.count("error"), "error"),
            text.counted(kinds.count("warning"), "warning"),
        ]
        # one column less: some terminals wrap a line that is full
        self._write(_CLEAR + "  ".join(words)[: max(self._width - 1, 0)])
        self._is_open = True

    def _write(self, what: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(what)
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


def say(stream: TextIO, what: str) -> None:
    """Write *what*; nobody reading any more is no fault.

    What the stream cannot encode is escaped, and dots are three where it has no ellipsis.
    """
    try:
        try:
            stream.write(what)
        except UnicodeEncodeError:
            plainer = what.replace("…", "...").encode(stream.encoding, "backslashreplace")
            stream.write(plainer.decode(stream.encoding))
        stream.flush()
    except BrokenPipeError:
        _leave(stream)
    except ValueError:  # it was closed before
        pass


def _leave(stream: TextIO) -> None:
    """Let what is flushed at the end go nowhere: the reader has left."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
