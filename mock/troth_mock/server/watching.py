"""The document, read anew when one of its files changes: what `--watch` does.

A version that cannot be used is told, and the last good one goes on being served.  What is being
answered ends by the document that it began with, since its frames are made already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from troth.errors import SpecError, TrothError
from troth.openapi.contract import Contract
from troth_mock.scenario.scenarios import stamp
from troth_mock.server.application import App


@dataclass(eq=False)
class Watch:
    """Serves with *app* what *load* reads, as often as one of its files changes.

    *named* are the files that were named: the document and its overlays.  Those that the document
    refers to are watched too.  They are looked at *every* so many seconds, and what is being
    written is left alone as long.  *tell* hears what came of each change.
    """

    app: App
    load: Callable[[], Contract]
    named: Sequence[str | Path]
    tell: Callable[[str], None]
    every: float = 0.25
    _missed: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        self._seen = self._stamps()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are watched: those of what is served, and of what could not be."""
        return (*map(Path, self.named), *self.app.contract.published.document.opened, *self._missed)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(self.every)
            await self.look()

    async def look(self) -> bool:
        """Read the document, if a file has changed and is still; whether one had."""
        now = self._stamps()
        if now == self._seen:
            return False
        await asyncio.sleep(self.every)
        if self._stamps() != now:
            return False  # it is being written: what is there at the end counts
        self._seen = now
        try:
            # beside the loop, which answers meanwhile
            contract = await asyncio.to_thread(self.load)
        except TrothError as fault:
            self._missed = fault.opened if isinstance(fault, SpecError) else ()
            # what changed meanwhile is seen the next time
            self._seen = self._stamps() | now
            self.tell(f"{fault}\nThe last good version is still served.")
            return True
        self.app.use(contract)
        self._missed = ()
        # it may refer to other files than before
        self._seen = self._stamps()
        count = len(contract.operations)
        self.tell(f"read {contract.document.file} anew: {count} operations")
        return True

    def _stamps(self) -> dict[Path, object]:
        return {file: stamp(file) for file in self.files}
