"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from troth import pointer as json_pointer


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of *known* that is most like *name*, or None if none is like it."""
    # Loaded late: it is needed only once something is wrong, and start time counts.
    from difflib import get_close_matches

    folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def nearest_pointer(root: Any, pointer: str) -> str | None:
    """A pointer that exists in *root* and is most like *pointer*, which does not.

    Each token that leads nowhere is replaced by the nearest that leads on; failing that, a
    component of the same name is proposed.
    """
    if not pointer.startswith("/"):
        return None
    tokens = json_pointer.split(pointer)
    value, walked = root, ""
    for token in tokens:
        if isinstance(value, dict):
            found = token if token in value else nearest(token, value)
            if found is None:
                return _namesake(root, tokens[-1])
            value, walked = value[found], json_pointer.join(walked, found)
        else:
            try:
                value = json_pointer.resolve(value, json_pointer.of([token]))
            except KeyError:
                return _namesake(root, tokens[-1])
            walked = json_pointer.join(walked, token)
    return walked


def _namesake(root: Any, name: str) -> str | None:
    components = root.get("components") if isinstance(root, dict) else None
    for section, members in components.items() if isinstance(components, dict) else ():
        if isinstance(members, dict) and name in members:
            return json_pointer.of(["components", section, name])
    return None
