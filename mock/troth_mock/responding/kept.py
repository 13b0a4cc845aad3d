"""What a request about items is, and what its answer shows of those that are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

from troth import pointer
from troth.http.exchange import Fields, Request, without
from troth.openapi.names import words_of
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation
from troth.openapi.paths import path_template
from troth.openapi.resource import Resource
from troth.pointer import put
from troth.seed import Seed
from troth.validation import security
from troth_mock.responding.echo import Said
from troth_mock.responding.identifiers import (
    following,
    free_key,
    is_addressable,
    named,
    naming,
    such_as,
)
from troth_mock.responding.resource_store import Asker, Found
from troth_mock.storage.sessions import Item, Place, Sessions, text_of

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
    Where one item is made, *made* is that.
    """

    seed: Seed
    said: Said
    show: Callable[[MediaType, Any], Any]
    finish: Callable[[], None] = lambda: None
    fields: Callable[[], Fields] = tuple
    status: int | None = None
    made: Making | None = None


@dataclass(slots=True)
class Making:
    """An item that is being made or changed, and what it is kept as once it has a *key*.

    *tags* are those of its answer, where it is another by the time that it is asked for.
    """

    resource: Resource
    sessions: Sessions
    place: Place
    asker: Asker
    item: Item
    key: str | None
    is_done: bool = field(default=False)
    tags: Fields = ()

    def name(
        self, drawn: Any, fits: Callable[[Any], bool] = lambda _: True, *, is_shown: bool = False
    ) -> None:
        """Take *drawn* as the identifier, or one like it; numbers count up while that *fits*.

        It is such as paths take, unless the document shows what it is like (*is_shown*).
        """
        seed = self.item.seed
        collection = self.asker.session.collections[self.place]
        parameter = None if is_shown else naming(self.resource)

        def is_good(value: Any) -> bool:
            return fits(value) and is_addressable(value, parameter)

        counted = following(drawn, collection)
        drawn = counted if counted != drawn and is_good(counted) else drawn
        drawn = named(drawn, parameter, seed.child("identifier"), fits)
        value = free_key(drawn, collection, seed, is_good)
        self.key = text_of(value)
        if self.key is not None and self.resource.identifier and isinstance(self.item.value, dict):
            self.item.value = put(dict(self.item.value), self.resource.identifier, value)

    def finish(self) -> None:
        """Keep the item, once."""
        if self.is_done:
            return
        if self.key is None:
            self.name(self._drawn())
        if self.key is None:
            # nothing is like it: it cannot be addressed, and is listed all the same
            self.key = f"#{len(self.asker.session.collections[self.place].items)}"
        self.is_done = True
        self.keep()

    def keep(self) -> None:
        """Keep the item as it is now."""
        if self.key is not None:
            self.asker.session.put(self.place, self.key, self.item)
            self.sessions.make_room()

    def _drawn(self) -> Any:
        """An identifier such as the path of an item takes."""
        seed = self.item.seed
        drawn = such_as(naming(self.resource), seed.child("identifier"))
        return next(drawn, seed.key.hex()[:12])


def session_of(request: Request) -> str:
    """The name of the session that *request* belongs to: of its path, its field, or its cookie."""
    if SESSION_PATH in request.target and (found := IN_SESSION.match(request.target)):
        return unquote(found[3])
    name = request.field(SESSION_FIELD)
    if name is None:
        cookies = security.cookies(request.values("Cookie"))
        name = next((text for key, text in cookies if key == SESSION_COOKIE), "")
    return name


def credentials_of(operation: Operation, fields: HeaderFields, query: str) -> Mapping[str, str]:
    """What tells one user from another: the credentials of a request, by scheme, as digests."""
    credentials: dict[str, str] = {}
    for scheme in (each for schemes in operation.security for each in schemes):
        sent = security.read(scheme, lambda name: fields.get(name.lower(), ()), query)
        if sent is not None and sent.fault is None and sent.values:
            # what was sent is not kept
            secret = sent.values[0].encode("utf-8", "surrogatepass")
            credentials[scheme.name] = blake2b(secret, digest_size=16).hexdigest()
    return credentials


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
        rest = without(fields, {header.name.lower()})
        if good is not None:
            fields = (*rest, (header.name, good))
        elif texts == [""] and not header.required:
            fields = rest
    return fields
