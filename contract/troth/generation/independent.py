"""hypothesis-jsonschema, made to work with the Hypothesis that is installed.

A second opinion of what a schema means, for those who ask for one, as our tests do; and a second
generator, where our own finds no value: no text for a pattern with several look-aheads, or no value
of a schema that arrived by itself.  It may ignore a keyword, or refuse a schema while it draws, so
what it gives is checked.

Its 0.23.1 draws members in a `while elements.more()` loop over `many`, a part of Hypothesis' own
machinery that from 6.170.10 on is a context manager and an iterator instead.  The subclass below
has both, so that neither library has to be held back; where `more` still exists it is not used.
Neither library publishes what that takes.  It is looked for when it is first needed; where it
is not as it should be, there is no second opinion.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

_DRAWN = 8


def _many(parent: Any) -> type:
    """*parent*, Hypothesis' `many`, with the `more` that it used to have."""

    class Many(parent):  # type: ignore[misc]  # whatever class this Hypothesis has
        steps: Any = None

        def more(self) -> bool:
            """Whether another element is to be drawn; to be asked until the answer is no."""
            if self.steps is None:
                self.__enter__()
                self.steps = iter(self)
            for _ in self.steps:
                return True
            self.__exit__(None, None, None)
            return False

    return Many


@cache
def library() -> ModuleType | None:
    """hypothesis-jsonschema, or None where it does not fit the Hypothesis that is installed."""
    try:
        import hypothesis_jsonschema
        from hypothesis.internal.conjecture import utils

        if not hasattr(utils.many, "more"):
            from hypothesis_jsonschema import _from_schema

            # Only this library's own name for the module is replaced: Hypothesis stays as it is.
            own = {name: getattr(utils, name) for name in dir(utils) if not name.startswith("__")}
            vars(_from_schema)["cu"] = SimpleNamespace(**{**own, "many": _many(utils.many)})
    except (ImportError, AttributeError):
        return None
    return hypothesis_jsonschema


def independent(schema: Any) -> st.SearchStrategy[Any] | None:
    """hypothesis-jsonschema's own strategy for *schema*, a plain JSON Schema, if it is there."""
    other = library()
    return None if other is None else other.from_schema(schema)


def instances(schema: Any, accepts: Callable[[Any], bool]) -> list[Any]:
    """Some of the values that it draws of *schema* and that are *accepted*: always the same ones.

    It costs a tenth of a second and more, so this is for when all else has failed.
    """
    strategy = independent(schema)
    if strategy is None:
        return []
    found: list[Any] = []
    # on a thread of its own: on ours a test of the user's may be running, which allows no other
    thread = threading.Thread(target=_gather, args=(strategy, accepts, found))
    thread.start()
    thread.join()
    return found


def _gather(
    strategy: st.SearchStrategy[Any], accepts: Callable[[Any], bool], found: list[Any]
) -> None:
    """Put some values of *strategy* that are *accepted* into *found*."""

    @seed(0)
    @settings(
        max_examples=_DRAWN,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),  # it filters what it draws
    )
    @given(strategy)
    def gather(value: Any) -> None:
        if value not in found and accepts(value):
            found.append(value)

    with suppress(Exception):  # whatever it cannot do
        gather()
