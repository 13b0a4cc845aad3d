"""hypothesis-jsonschema, made to work with the Hypothesis that is installed.

A second opinion of what a schema means, for those who ask for one, as our tests do: it is no part
of our own generator.  It may ignore a keyword, or refuse a schema while it draws.

Its 0.23.1 draws members in a `while elements.more()` loop over `many`, a part of Hypothesis' own
machinery that from 6.170.10 on is a context manager and an iterator instead.  The subclass below
has both, so that neither library has to be held back; where `more` still exists it is not used.
Neither library publishes what that takes.  It is looked for when it is first needed; where it
is not as it should be, there is no second opinion.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from hypothesis import strategies as st


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
