"""JSONPath (RFC 9535): which nodes of a tree a query selects.

Queries of names, indexes and wildcards, which nearly all are, are walked here; any other goes to
jsonpath-rfc9535, loaded when the first such query is met.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from troth.nearest import nearest

#: The member names and item indexes that lead from the root to a node.
Location = tuple[str | int, ...]

# RFC 9535 §2.5.1.1: a shorthand name, of ASCII letters, digits, "_" and all beyond ASCII (said by
# what it excludes: wide ranges are slow to compile); §2.3.1.1 without escapes; §2.3.3.1 without a
# sign, and short enough to be an I-JSON integer (§2.1).
_SEGMENT = re.compile(
    r"\.(?P<name>[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)"
    r"|\[(?:'(?P<single>[^'\"\\\x00-\x1f]*)'|\"(?P<double>[^'\"\\\x00-\x1f]*)\")\]"
    r"|\[(?P<index>0|[1-9][0-9]{0,9})\]"
    r"|(?P<all>\.\*|\[\*\])"
)


class InvalidQuery(ValueError):
    """The text is not a query of RFC 9535."""


class _All:
    """The wildcard."""


_ALL = _All()


def select(root: Any, query: str) -> list[Location]:
    """The locations of the nodes of *root* that *query* selects, each once, in order.

    Raises InvalidQuery.
    """
    steps = _steps(query)
    if steps is None:
        return list(dict.fromkeys(node.location for node in _find(query, root)))
    found: list[tuple[Location, Any]] = [((), root)]
    for step in steps:
        found = [
            ((*location, key), value[key])
            for location, value in found
            for key in _keys(value, step)
        ]
    return [location for location, _ in found]


def advise(root: Any, query: str) -> str:
    """Say how far *query*, which selects nothing, gets, and what was probably meant."""
    value, walked = root, "$"
    for step in _steps(query) or ():
        if isinstance(step, _All):
            break
        if not _keys(value, step):
            known = list(value) if isinstance(value, dict) else []
            near = nearest(str(step), known)
            meant = f" Did you mean {near!r}?" if near else ""
            return f"{walked} exists, and has no {step!r}.{meant}"
        value, walked = value[step], f"{walked}{write_segment(step)}"
    return ""


def write(location: Location) -> str:
    """The query that selects the node at *location* alone (RFC 9535 §2.7, normalized paths)."""
    return "$" + "".join(write_segment(key) for key in location)


def write_segment(key: str | int) -> str:
    """The segment of one member name or item index."""
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    escaped = re.sub(r"[\x00-\x1f]", lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return f"['{escaped}']"


def _keys(value: Any, step: str | int | _All) -> list[Any]:
    if isinstance(step, _All):
        return list(value) if isinstance(value, dict) else _indexes(value)
    if isinstance(step, int):
        return [step] if isinstance(value, list) and step < len(value) else []
    return [step] if isinstance(value, dict) and step in value else []


def _indexes(value: Any) -> list[int]:
    return list(range(len(value))) if isinstance(value, list) else []


def _steps(query: str) -> list[str | int | _All] | None:
    """The steps of a plain query, None for one that only the library understands."""
    if not query.startswith("$"):
        return None
    steps: list[str | int | _All] = []
    at = 1
    while at < len(query):
        found = _SEGMENT.match(query, at)
        if found is None:
            return None
        kind = found.lastgroup
        if kind == "all":
            steps.append(_ALL)
        else:
            text = found[kind or ""]
            steps.append(int(text) if kind == "index" else text)
        at = found.end()
    return steps


def _find(query: str, root: Any) -> Any:
    from jsonpath_rfc9535 import JSONPathError

    try:
        return _environment().find(query, root)
    except JSONPathError as error:
        raise InvalidQuery(str(error.args[0]) if error.args else str(error)) from None


@cache
def _environment() -> Any:
    # Loaded late: it takes 40 ms, most overlays never need it, and start time counts.
    from jsonpath_rfc9535 import JSONPathEnvironment

    class _Environment(JSONPathEnvironment):
        # The trees are bounded already (`Limits.depth`), at more than the library's 100.
        max_recursion_depth = 1000

    return _Environment()
