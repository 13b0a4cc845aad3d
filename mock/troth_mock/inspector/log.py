"""The log: a line for each exchange as it ends, for people or for machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from troth.conformance.reports.text import visible
from troth.http import json_text
from troth_mock.inspector.exchanges import Exchanges, Json
from troth_mock.inspector.journal import Entry, What

#: How a status is shown on a terminal, by its first digit.
_COLOURS = {"1": "36", "2": "32", "3": "36", "4": "33", "5": "31"}
_DIM, _BOLD, _YELLOW = "2", "1", "33"
_LONGEST_TARGET = 120


@dataclass(frozen=True, slots=True)
class Log:
    """Writes the exchanges that *exchanges* reads with *write*, a line at a time.

    One *as_json* is for machines; another may be in *colour*.
    """

    exchanges: Exchanges
    write: Callable[[str], None]
    as_json: bool
    colour: bool

    def heard(self, what: What, entry: Entry | None) -> None:
        """Write the line of *entry* when it has ended."""
        if what != "ended" or entry is None:
            return
        summary = self.exchanges.summary(entry)
        if self.as_json:
            self.write(json_text.encode(summary).decode() + "\n")
        else:
            self.write(line(summary, colour=self.colour) + "\n")


def line(summary: Json, *, colour: bool) -> str:
    """The line of one exchange, and below it the reason where there is one."""

    def painted(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    status = "---" if summary["status"] is None else str(summary["status"])
    at = datetime.fromisoformat(summary["time"]).astimezone().strftime("%H:%M:%S")
    method, target = summary["method"], visible(summary["target"])
    if len(target) > _LONGEST_TARGET:
        target = target[: _LONGEST_TARGET - 1] + "…"
    words = [
        painted(at, _DIM),
        painted(status, _COLOURS.get(status[0], "31")),
        f"{painted(method, _BOLD)} {target}",
    ]
    operation = summary["operation"]
    if operation is not None and operation.partition(" ")[2] != target.partition("?")[0]:
        words.append(painted(f"({operation})", _DIM))
    words.append(_amount(summary))
    duration = summary["duration"]
    words.append(painted("" if duration is None else _seconds(duration), _DIM))
    if summary["session"]:
        words.append(painted(f"session {visible(summary['session'])}", _DIM))
    if summary["state"] not in ("complete", "open"):
        words.append(painted(summary["state"], _YELLOW))
    words += [
        painted(visible(f"{name}: {value}"), _YELLOW) for name, value in summary["labels"].items()
    ]
    told = "  ".join(word for word in words if word)
    reason = summary["reason"]
    return told if reason is None else f"{told}\n          {painted(visible(reason), _YELLOW)}"


def _amount(summary: Json) -> str:
    events = summary["events"]
    if events is not None:
        return f"{events} event{'' if events == 1 else 's'}"
    size = summary["response_bytes"]
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"


def _seconds(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms"
