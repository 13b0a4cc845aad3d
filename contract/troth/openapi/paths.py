"""Paths as documents write them: templates and the URLs of servers, read, compared and filled.

Nothing here knows an operation.  A template is cut once into what is literal and what is variable;
two spellings of one path are compared in the form that `canonical` gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes, urljoin, urlsplit

#: A part in braces of a path or of a server's URL (OpenAPI 3.1 §4.8.2); the group is its name.
TEMPLATED = re.compile(r"\{([^{}]+)\}")

_PATH_AND_QUERY = re.compile(r"((?:\{[^{}]*\}|[^?#])*)(?:\?((?:\{[^{}]*\}|[^#])*))?")
# RFC 6570 §2: an operator before the name and a modifier behind it, as generators of servers read
# them; a plus sign behind is how gateways write a name that stands for the rest of the path
_EXPRESSION = re.compile(r"([+.;/?&#]?)([^*+:]+)(\*|\+|:.+)?")
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
# RFC 3986 §2.3: these need no percent-encoding, so `%41` and `A` are the same path
_UNRESERVED = frozenset("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_RESERVED = "!$&'()*+,;=:@"
#: What marks a variable in a shape: one of a segment, and one of any number of them.
SEGMENT, SEGMENTS = "{*}", "{+}"
# the scheme and the authority of a URL, either of which may still be a variable
_AUTHORITY = re.compile(r"(?:[^/?#]*:)?//[^/?#]*")


@dataclass(frozen=True)
class Template:
    """*literals* around *names*, one more of them; *marks* say which variables are SEGMENTS."""

    literals: tuple[str, ...]
    names: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> str:
        """The text with a mark in the place of each name: alike where only names differ."""
        return self._joined(self.marks)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a text of this shape is like, a group for each name."""
        return self._pattern("+")

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """The same, and where two names share a segment also with the first of them as short."""
        shares = any("/" not in literal for literal in self.literals[1:-1])
        return (self.pattern, self._pattern("+?")) if shares else (self.pattern,)

    def followed_by(self, other: Template) -> Template:
        """This text, and then *other*."""
        between = self.literals[-1] + other.literals[0]
        return Template(
            (*self.literals[:-1], between, *other.literals[1:]),
            self.names + other.names,
            self.marks + other.marks,
        )

    def _pattern(self, repeated: str) -> re.Pattern[str]:
        groups = {SEGMENT: f"([^/]{repeated})", SEGMENTS: f"(.{repeated})"}
        between = tuple(groups[mark] for mark in self.marks)
        literals = tuple(map(re.escape, self.literals))
        return re.compile(Template(literals, self.names, self.marks)._joined(between), re.DOTALL)

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with *values*, encoded, by name; a name without one stands for itself."""
        own = {name: quote(name, safe="") for name in self.names}
        return self._joined(tuple(values.get(name, own[name]) for name in self.names))

    def _joined(self, between: tuple[str, ...]) -> str:
        first, *rest = self.literals
        pairs = zip(between, rest, strict=True)
        return first + "".join(part for pair in pairs for part in pair)


@dataclass(frozen=True)
class PathTemplate(Template):
    """A key of Paths: its path, and the *query* that a request to it always has.

    A key may end in a query or a fragment, which tells one face of a URL from another.  The
    fragment never reaches a server (RFC 3986 §3.5); the values of the query may be variable.
    """

    query: tuple[tuple[str, Template], ...] = ()
    declared: frozenset[str] = frozenset()

    def own_query(self, query: str) -> dict[str, str] | None:
        """The declared variables of its own query as *query* has them; None if that lacks it."""
        if not self.query:
            return {}
        sent = [piece.partition("=") for piece in query.split("&")]
        values: dict[str, str] = {}
        for name, value in self.query:
            texts = (canonical(text) for key, _, text in sent if unquote_plus(key) == name)
            match = next(filter(None, map(value.pattern.fullmatch, texts)), None)
            if match is None:
                return None
            values.update(zip(value.names, match.groups(), strict=True))
        return {name: text for name, text in values.items() if name in self.declared}

    def fixed(self, values: Mapping[str, str], *, but: Sequence[str] = ()) -> list[str]:
        """The pairs of its own query, encoded, but those of the names that *but* has already.

        *values* are those of its variables.
        """
        written = {pair.partition("=")[0] for pair in but}
        names = [(quote(name, safe=""), value) for name, value in self.query]
        return [
            f"{name}={value.filled(values)}" if value.shape else name
            for name, value in names
            if not (value.names and name in written)
        ]


@lru_cache(maxsize=8192)
def path_template(
    path: str, declared: frozenset[str] = frozenset(), in_query: frozenset[str] = frozenset()
) -> PathTemplate:
    """Read the key *path* of Paths; *declared* are the names of its parameters in the path.

    A name that is not among them may be an expression of RFC 6570, such as `{.id*}`.  A variable of
    the query that is a parameter *in_query* is left to that.
    """
    match = _PATH_AND_QUERY.match(path)
    assert match is not None
    whole = _template(match[1], declared)
    pieces = [piece.partition("=") for piece in (match[2] or "").split("&") if piece]
    named = [(unquote_plus(name), _template(value, declared)) for name, _, value in pieces]
    query = tuple(
        (name, value)
        for name, value in named
        if not TEMPLATED.search(name) and not (value.names and name in in_query)
    )
    return PathTemplate(whole.literals, whole.names, whole.marks, query, declared)


def _template(text: str, declared: frozenset[str]) -> Template:
    literals, names, marks = [""], [], []
    for index, part in enumerate(TEMPLATED.split(text)):
        if not index % 2:
            literals[-1] += canonical(part)
            continue
        name, mark = _variable(part, declared)
        if mark:
            names.append(name)
            marks.append(mark)
            literals.append("")
    return Template(tuple(literals), tuple(names), tuple(marks))


def _variable(expression: str, declared: frozenset[str]) -> tuple[str, str]:
    """The name in *expression* and its mark, "" where it stands for no part of the path."""
    match = _EXPRESSION.fullmatch(expression)
    if expression in declared or match is None:
        return expression, SEGMENT
    if match[1] and match[1] in "?&#":
        return match[2], ""  # RFC 6570 §3.2.8: it expands to a query, or to a fragment
    name = match[2] if match[2] in declared else expression
    return name, SEGMENTS if match[1] == "+" or match[3] == "+" else SEGMENT


# --- shapes: which paths are of one kind, and which stands below which ---

_VARIABLE = re.compile(r"\{([^{}]+)\}(?:\.\w+)?")
# `Products({id})`, as OData writes the path of an item
_CALLED = re.compile(r"([\w.-]+)\(['\"]?(\{[^{}]+\})['\"]?\)")
# `tasks/{id}:close`: a custom method behind the path of what it is called on
_CUSTOM = re.compile(r"(.*[^:]):([A-Za-z]\w*)")
_EXTENSION = re.compile(r"(?<=[^.])\.(?:json|xml|csv|yaml|\{[^{}]+\})$")


@lru_cache(maxsize=8192)
def shape_of(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The segments of the key *path*, `{}` for each variable, and the names of those.

    A query, a fragment and an extension are left out; what is called on a path (`:close`) is a
    segment of its own.
    """
    plain = path.partition("?")[0].partition("#")[0].rstrip("/")
    head, _, last = _EXTENSION.sub("", plain).rpartition("/")
    custom = _CUSTOM.fullmatch(last)
    segments = [*head.split("/"), *([custom[1], f":{custom[2]}"] if custom else [last])]
    shape: list[str] = []
    names: list[str] = []
    for segment in filter(None, segments):
        called = _CALLED.fullmatch(segment)
        for part in called.groups() if called else (segment,):
            variable = _VARIABLE.fullmatch(part)
            shape.append("{}" if variable else part)
            names += [variable[1].strip("+.;/?&#*")] if variable else []
    return tuple(shape), tuple(names)


def stands_in(path: str, paths: Iterable[str]) -> bool:
    """Whether one of *paths* has the shape of *path*, or stands below one that has it."""
    shape = shape_of(path)[0]
    return any(shape_of(each)[0][: len(shape)] == shape for each in paths)


# --- comparing: one path has several spellings ---


def normal(path: str) -> str:
    """*path* as RFC 3986 §6.2.2 normalizes it: what needs no encoding has none, the rest has."""

    def of(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if character in _UNRESERVED else match[0].upper()

    encoded = quote(path.encode("utf-8", "surrogatepass"), safe="%/?#[]" + _RESERVED)
    return _ENCODED.sub(of, encoded)


def canonical(path: str) -> str:
    """*path* with each segment decoded and encoded again: only what would part it stays encoded.

    So servers see it, who divide a path before they decode it (RFC 3986 §2.4).
    """
    segments = path.encode("utf-8", "surrogatepass").split(b"/")
    return "/".join(quote(unquote_to_bytes(segment), safe=_RESERVED) for segment in segments)


# --- servers ---


def base_path(url: str, address: str = "/") -> str:
    """The path of the server at *url*, which may be relative to *address* (3.1 §4.8.5)."""
    authority = _AUTHORITY.match(url)
    path = re.split("[?#]", url[authority.end() :] if authority else url, maxsplit=1)[0]
    if not path:
        return ""
    here = "/" if authority else urlsplit(address).path or "/"
    # with an authority, urljoin leaves out the steps that would lead above the root (RFC 3986 §5.4)
    resolved: str = urlsplit(urljoin(f"http://h{here}", path)).path
    return resolved.rstrip("/")
