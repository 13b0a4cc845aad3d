"""What a request about items is, and what its answer shows of those that are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

from troth import pointer
from troth.generation import natural_values
from troth.generation.source import Quick
from troth.http.exchange import Fields, Request
from troth.openapi.names import words_of
from troth.openapi.operation import DeclaredResponse, Match, MediaType
from troth.openapi.paths import path_template
from troth.openapi.resource import Resource
from troth.pointer import put
from troth.seed import Seed
from troth.validation import security
from troth_mock.responding.echo import Said
from troth_mock.responding.resource_store import Found
from troth_mock.storage.sessions import Collection, text_of

#: The field, and the cookie, that names a session.
SESSION_FIELD, SESSION_COOKIE = "Troth-Session", "troth-session"
#: The fields, by lower-case name, that are read here.
FIELDS = frozenset({"host", "if-match", "if-none-match"})
#: How the path of a request begins that names its session there, and such a target, taken apart.
SESSION_PATH = "/_troth/session/"
IN_SESSION = re.compile(rf"([a-zA-Z][\w+.-]*://[^/?#]*)?({SESSION_PATH}([^/?#]+))(.*)", re.DOTALL)
#: The field in which a proxy says what it has taken off the path.
PREFIX_FIELD = "X-Forwarded-Prefix"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)+")
#: So long may the name of a session be: it is kept, and told, with each of its requests.
LONGEST_NAME = 200

#: So many identifiers are tried; after so many that are free and do not fit, no others.
_TURNS = 1000
_MISFITS = 10

HeaderFields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as items are concerned: its decoded *body*, the seed of the *whole*.

    *seed* is that of a list without what is asked of it, of anything else the same.  *now* is the
    time in seconds since 1970, None for the fixed one.
    """

    match: Match
    request: Request
    body: Any
    fields: HeaderFields
    said: Said
    seed: Seed
    whole: Seed
    now: int | None = None


@dataclass(slots=True)
class Kept:
    """What an answer shows of the items that are kept.

    *show* puts them into a drawn body, and *finish* does what there is to do where there is no
    body.  *fields* gives the header fields that tell of an item, by lower-case name.  *status* is
    None where the usual one answers; *seed* and *said* are what the body is to be drawn from.
    """

    seed: Seed
    said: Said
    show: Callable[[MediaType, Any], Any]
    finish: Callable[[], None] = lambda: None
    fields: Callable[[], Fields] = tuple
    status: int | None = None


def session_of(request: Request) -> str:
    """The name of the session that *request* belongs to: of its path, its field, or its cookie."""
    if SESSION_PATH in request.target and (found := IN_SESSION.match(request.target)):
        return unquote(found[3])
    name = request.field(SESSION_FIELD)
    if name is None:
        cookies = security.cookies(request.values("Cookie"))
        name = next((text for key, text in cookies if key == SESSION_COOKIE), "")
    return name


def public_target(request: Request) -> str:
    """The target of *request* as its client has it: below what was taken off on the way here."""
    prefix = (request.field(PREFIX_FIELD) or "").rstrip("/")
    return prefix + request.target if _PREFIX.fullmatch(prefix) else request.target


def etag(found: Found) -> str:
    """The entity tag of an item as it is now."""
    text = f"{found.place}{found.key}{found.item.version}".encode("utf-8", "surrogatepass")
    return f'"{blake2b(text, key=found.item.seed.key, digest_size=8).hexdigest()}"'


def tagged(found: Found) -> Fields:
    """The entity tag of an item as a field: weak where its header takes no other."""
    tag = etag(found)
    return (("ETag", tag), ("ETag", f"W/{tag}"))


def addresses(found: Found, resource: Resource, asked: Asked) -> list[str]:
    """Where the item is: as a path, and as a URL."""
    template = asked.match.operation.template
    own = template.filled(asked.match.path_parameters)
    base = asked.said.at.removesuffix(own.rstrip("/")) if own != "/" else asked.said.at
    target = path_template(resource.path, template.declared | {resource.parameter or ""})
    texts = (quote(text, safe="") for text in (*found.place[1], found.key))
    path = base + target.filled(dict(zip(target.names, texts, strict=False)))
    host = next(iter(asked.fields.get("host", ())), "example.com")
    return [path, f"http://{host}{path}"]


def linked(value: Any, urls: Sequence[str], is_valid: Callable[[Any], bool]) -> Any:
    """*value*, an item, with the first of *urls* that may be there as its links to itself."""
    for at in _own_links(value):
        good = (put(value, at, url) for url in urls)
        value = next(filter(is_valid, good), value)
    return value


def _own_links(value: Any) -> Iterator[str]:
    """Where *value* has links to itself: a `self`, alone or among its links, or its `href`."""
    for name, member in value.items() if isinstance(value, dict) else ():
        at = pointer.join("", name)
        if words_of(name) in (("links",), ("link",)):
            yield from (at + inner for inner in _own_links(member))
        elif words_of(name) == ("self",):
            is_inside = isinstance(member, dict) and isinstance(member.get("href"), str)
            yield from [f"{at}/href"] if is_inside else [at] if isinstance(member, str) else []


def fields_of(declared: DeclaredResponse | None, fields: Fields, own: Fields) -> Fields:
    """*fields* with those of *own* that *declared* has a header for, the first that it takes.

    One that says nothing takes away what there is.
    """
    from troth.validation.parameters import is_field  # slow to load, and few answers have fields

    for header in declared.headers if declared is not None else ():
        texts = [text for name, text in own if name.lower() == header.name.lower()]
        good = next((text for text in texts if text and is_field(header, text)), None)
        rest = tuple(each for each in fields if each[0].lower() != header.name.lower())
        if good is not None:
            fields = (*rest, (header.name, good))
        elif texts == [""] and not header.required:
            fields = rest
    return fields


def following(drawn: Any, collection: Collection) -> Any:
    """The number behind all that identify something in *collection*, or *drawn* if that is none."""
    is_number = isinstance(drawn, int) and not isinstance(drawn, bool)
    return collection.highest + 1 if is_number and collection.highest is not None else drawn


def free_key(
    drawn: Any, collection: Collection, seed: Seed, fits: Callable[[Any], bool] = lambda _: True
) -> Any:
    """*drawn*, or an identifier like it that nothing in *collection* has or had; None: no such.

    One that *fits*, if there is any.
    """
    if text_of(drawn) is None:
        return None
    free = None
    for has_form in (False, True):
        source, misfits = Quick(seed.child("another")), 0
        for turn in range(_TURNS):
            value = (
                natural_values.another(drawn, source, turn, has_form=has_form) if turn else drawn
            )
            if collection.is_taken(text_of(value) or ""):
                continue
            if fits(value):
                return value
            free = value if free is None else free
            misfits += 1
            if misfits == _MISFITS:
                break
    return free
