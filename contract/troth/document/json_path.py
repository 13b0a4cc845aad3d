"""JSONPath (RFC 9535): which nodes of a tree a query selects.

Queries of names, indexes and wildcards are walked here, which nearly all are; any other goes to
jsonpath-rfc9535, loaded when the first such query is met.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from troth.document.nearest import nearest

#: The member names and item indexes that lead from the root to a node.
Location = tuple[str | int, ...]

# RFC 9535 §2.3.1.1 without escapes; §2.3.3.1 without a sign, and short enough to be an I-JSON
# integer (§2.1).
_SELECTOR = r"(?:'[^'\"\\\x00-\x1f]*'|\"[^'\"\\\x00-\x1f]*\"|0|[1-9][0-9]{0,9}|\*)"
_SPACE = r"[ \t\n\r]*"
# §2.5.1.1: a shorthand name, of ASCII letters, digits, "_" and all beyond ASCII (said by what it
# excludes: wide ranges are slow to compile).
_SEGMENT = re.compile(
    r"\.(?P<name>[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*|\*)"
    rf"|\[(?P<list>{_SPACE}{_SELECTOR}(?:{_SPACE},{_SPACE}{_SELECTOR})*{_SPACE})\]"
)
_SELECTORS = re.compile(_SELECTOR)


class InvalidQuery(ValueError):
    """The text is not a query of RFC 9535."""


class _All:
    """The wildcard."""


_ALL = _All()
_Selector = str | int | _All


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
            for selector in step
            for key in _keys(value, selector)
        ]
    return list(dict.fromkeys(location for location, _ in found))


def advise(root: Any, query: str) -> str:
    """Say how far *query*, which selects nothing, gets, and what was probably meant."""
    value, walked = root, "$"
    for step in _steps(query) or ():
        selector = step[0]
        if len(step) > 1 or isinstance(selector, _All):
            break
        if not _keys(value, selector):
            known = list(value) if isinstance(value, dict) else []
            near = nearest(str(selector), known)
            meant = f" Did you mean {near!r}?" if near else ""
            return f"{walked} exists, and has no {selector!r}.{meant}"
        value, walked = value[selector], f"{walked}{write_segment(selector)}"
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


def _keys(value: Any, selector: _Selector) -> list[Any]:
    if isinstance(selector, _All):
        return list(value) if isinstance(value, dict) else _indexes(value)
    if isinstance(selector, int):
        return [selector] if isinstance(value, list) and selector < len(value) else []
    return [selector] if isinstance(value, dict) and selector in value else []


def _indexes(value: Any) -> list[int]:
    return list(range(len(value))) if isinstance(value, list) else []


def _steps(query: str) -> list[list[_Selector]] | None:
    """The selectors of each segment of a plain query, None for any other query."""
    if not query.startswith("$"):
        return None
    steps: list[list[_Selector]] = []
    at = 1
    while at < len(query):
        found = _SEGMENT.match(query, at)
        if found is None:
            return None
        if (name := found["name"]) is not None:
            steps.append([_ALL if name == "*" else name])
        else:
            steps.append([_selector(text) for text in _SELECTORS.findall(found["list"])])
        at = found.end()
    return steps


def _selector(text: str) -> _Selector:
    if text == "*":
        return _ALL
    return text[1:-1] if text[0] in "'\"" else int(text)


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
