"""JSONPath (RFC 9535): which nodes of a tree a query selects.

Queries of names and indexes, which nearly all are, are walked here: the library takes 33 ms of CPU
to import, 8 % of what `troth.load()` takes, and the bundled overlay needs no other query.
All others go to jsonpath-rfc9535, imported when the first such query is met.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from troth.errors import nearest

#: The member names and item indexes that lead from the root to a node.
Location = tuple[str | int, ...]

# RFC 9535 §2.3.1.1 without escapes; §2.3.3.1 without a sign, and short enough to be an I-JSON
# integer (§2.1).
_SELECTOR = r"(?:'[^'\"\\\x00-\x1f]*'|\"[^'\"\\\x00-\x1f]*\"|0|[1-9][0-9]{0,9})"
_SPACE = r"[ \t\n\r]*"
# §2.5.1.1: a shorthand name, of ASCII letters, digits, "_" and all beyond ASCII (said by what it
# excludes: wide ranges are slow to compile).
_SEGMENT = re.compile(
    r"\.(?P<name>[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)"
    rf"|\[(?P<list>{_SPACE}{_SELECTOR}(?:{_SPACE},{_SPACE}{_SELECTOR})*{_SPACE})\]"
)
_SELECTORS = re.compile(_SELECTOR)


class InvalidQuery(ValueError):
    """The text is not a query of RFC 9535."""


def select(root: Any, query: str) -> list[Location]:
    """Where in *root* the nodes are that *query* selects, each once.  Raises InvalidQuery."""
    segments = _segments(query)
    if segments is None:
        return list(dict.fromkeys(node.location for node in _find(query, root)))
    nodes: list[tuple[Location, Any]] = [((), root)]
    for keys in segments:
        nodes = [
            ((*location, key), value[key])
            for location, value in nodes
            for key in keys
            if _has(value, key)
        ]
    return list(dict.fromkeys(location for location, _ in nodes))


def advise(root: Any, query: str) -> str:
    """Say how far *query*, which selects nothing, gets, and what was probably meant."""
    value, walked = root, "$"
    for key, *others in _segments(query) or ():
        if others:
            break
        if not _has(value, key):
            near = nearest(str(key), value if isinstance(value, dict) else ())
            meant = f" Did you mean {near!r}?" if near else ""
            return f"{walked} exists, and has no {key!r}.{meant}"
        value, walked = value[key], f"{walked}{write_segment(key)}"
    return ""


def write(location: Location) -> str:
    """The query that selects the node at *location* alone (RFC 9535 §2.7, normalized paths)."""
    return "$" + "".join(write_segment(key) for key in location)


def write_segment(key: str | int) -> str:
    """The segment of one member name or item index."""
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    escaped = re.sub(r"[\x00-\x1f]", lambda control: f"\\u{ord(control[0]):04x}", escaped)
    return f"['{escaped}']"


def _has(value: Any, key: str | int) -> bool:
    if isinstance(key, int):
        return isinstance(value, list) and key < len(value)
    return isinstance(value, dict) and key in value


def _segments(query: str) -> list[list[str | int]] | None:
    """The names and indexes of each segment of *query*; None where it selects by other means."""
    segments: list[list[str | int]] = []
    at = 1 if query.startswith("$") else 0
    while at < len(query):
        segment = _SEGMENT.match(query, at) if at else None
        if segment is None:
            return None
        at = segment.end()
        name = segment["name"]
        segments.append([name] if name is not None else _listed(segment["list"]))
    return segments if at else None


def _listed(selectors: str) -> list[str | int]:
    return [
        int(selector) if selector.isdecimal() else selector[1:-1]
        for selector in _SELECTORS.findall(selectors)
    ]


def _find(query: str, root: Any) -> Any:
    from jsonpath_rfc9535 import JSONPathError

    try:
        return _environment().find(query, root)
    except JSONPathError as error:
        raise InvalidQuery(str(error.args[0]) if error.args else str(error)) from None


@cache
def _environment() -> Any:
    from jsonpath_rfc9535 import JSONPathEnvironment

    class _Environment(JSONPathEnvironment):
        # The trees are bounded already (`Limits.depth`), at more than the library's 100.
        max_recursion_depth = 1000

    return _Environment()
