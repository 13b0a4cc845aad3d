"""An event stream for readers: the event that matters, or how it begins and ends."""

from __future__ import annotations

import re

from troth.conformance.reports.text import counted, shortened

# the line ends of the HTML standard's §9.2.6: a blank line ends an event
_BLANK = re.compile(r"(?:\r\n|\r|\n){2,}")
_FIRST, _LAST = 1, 3


def streamed(body: bytes, *, event: int | None, width: int) -> list[str]:
    """The events of *body* that a reader wants, each cut to about two lines of *width*.

    *event* is the number of the one that matters; without it, they are the first and the last.
    """
    text = body.decode("utf-8", "backslashreplace")
    blocks = [block for block in _BLANK.split(text) if block.strip()]
    if event is None or not 0 <= event < len(blocks):
        shown = [*range(min(_FIRST, len(blocks)))]
        shown += range(max(_FIRST, len(blocks) - _LAST), len(blocks))
    else:
        shown = [event]
    lines: list[str] = []
    before = -1
    for number in shown:
        if number > before + 1:
            lines.append(f"… {counted(number - before - 1, 'event')}")
        # where lines were ended by single line feeds, a block is many events: its end counts too
        lines += shortened(blocks[number], 4 * width).replace("\r\n", "\n").split("\n")
        before = number
    if before + 1 < len(blocks):
        lines.append(f"… {counted(len(blocks) - before - 1, 'event')}")
    return lines
