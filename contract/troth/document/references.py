"""References: check both ends of each, and bundle the files that they lead to.

JSON Schema 2020-12 §8.2: `$id` gives a schema its own base URI, `$anchor` a node a plain name.
Afterwards every reference of the tree is a JSON Pointer into the tree itself, and neither is
needed.  Only files below the document's folder are opened, and no error says whether any other
exists.  Leaves to others: what the objects mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from troth import pointer as pointers
from troth.document.cache import LINKED, fingerprint
from troth.document.drafts import DRAFTS, draft_of, meta_schema, modernise
from troth.document.grammar import IN_PLACE, MEMBERS, REFERABLE, children, fits, kind_of
from troth.document.mending import Mender
from troth.document.schema_resources import (
    Identifiers,
    Reference,
    Resource,
    Scopes,
    TooManyWays,
    dicts,
)
from troth.document.source import Limits, Positions, pack, resolved
from troth.document.spec_errors import (
    AliasExpansion,
    BadReference,
    BadSyntax,
    DanglingReference,
    Faults,
    ForeignDialect,
    NotUtf8,
    RefusedReference,
    TooLarge,
    UnproductiveCycle,
    UnreadableDocument,
)
from troth.document.text_reader import read_file, read_text
from troth.errors import Place, SpecError, nearest

#: The member of the root under which other files are bundled, by their path.
BUNDLED = "x-troth-bundled"

_NO_CONNECTION = "Save it below the document's folder, and refer to it by a relative path."
_STAY_BELOW = "Only files below the document's folder are read: move it there."

_LATEST = max(DRAFTS.values())

#: So many references that lead nowhere are told where they were probably meant to.
_MOST_ADVISED = 50

# RFC 3986 §3.5: what a fragment may hold as it is.
_FRAGMENT_SAFE = "/~!$&'()*+,;=:@?"


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's tree on its way to a Document; *path* is its file, if it has one.

    *opened* gets the files that it refers to, with what tells their content from another.
    """

    root: dict[str, Any]
    positions: Positions
    openapi: str
    path: Path | None
    limits: Limits
    faults: Faults
    opened: dict[Path, str] = field(default_factory=dict)


def bundle(tree: Tree) -> None:
    """Check all references of *tree*, and make them pointers into it.

    What cannot be followed, or cannot stand where it stands, is taken out and told: *faults* gets
    it.  Raises TooLarge and AliasExpansion, also of a file that is referred to.
    """
    base = tree.root.get("$self")
    main = Resource(tree.root, "", tree.path, base if isinstance(base, str) else "")
    _Bundler(tree, main).run()


@dataclass(slots=True, eq=False)
class _Bundler:
    """The walk over one tree: what is still to see, what was seen, and what leads where."""

    tree: Tree
    main: Resource
    files: dict[Path, Resource] = field(default_factory=dict)
    ids: dict[str, Resource] | None = None
    to_see: list[tuple[Any, str, str, Resource]] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    targets: dict[int, str] = field(default_factory=dict)
    identifiers: Identifiers = field(default_factory=Identifiers)
    known: dict[str, Resource] = field(default_factory=dict)
    #: that of `jsonSchemaDialect`
    draft: int = _LATEST
    modernised: set[int] = field(default_factory=set)
    dynamic: list[tuple[dict[str, Any], str, str]] = field(default_factory=list)
    anchors: dict[str, list[str]] = field(default_factory=dict)
    taken: int = 0
    edges: dict[str, list[str]] = field(default_factory=dict)
    #: what the parts of other files, and of extensions, are read as, by their pointers
    kinds: dict[str, str] = field(default_factory=dict)
    dangling: int = 0
    mender: Mender = field(init=False)
    #: whose the objects are that stand in the place of a reference to them
    inlined: dict[int, Resource] = field(default_factory=dict)

    def run(self) -> None:
        tree = self.tree
        self.mender = Mender(tree.root, tree.positions, tree.faults)
        if tree.path is not None:
            self.files[tree.path] = self.main
        if not tree.openapi.startswith("3.0."):
            self.check_dialect(tree.root, "", "jsonSchemaDialect")
        self.to_see.append((tree.root, "", "openapi", self.main))
        while self.to_see:
            self.see(*self.to_see.pop())
        self.bind()
        while self.cut_cycles():
            pass
        if self.mender.loosened:
            referring: dict[str, list[str]] = {}
            for here, ahead in self.edges.items():
                for there in ahead:
                    if not pointers.is_within(there, here):  # a branch of its own
                        referring.setdefault(there, []).append(here)
            self.mender.open_up(lambda at: (at, "schema") in self.seen, referring)
        self.identifiers.forget()
        if self.draft < _LATEST:
            # the schemas are of another dialect now
            self.mender.drop(tree.root, "jsonSchemaDialect")

    def see(self, value: Any, at: str, kind: str, resource: Resource) -> None:
        if isinstance(value, bool) or (at, kind) in self.seen:
            return
        self.seen.add((at, kind))
        if self.inlined:
            resource = self.inlined.get(id(value), resource)
            self.check_size(at)
        resource = self.whole(value, at, kind, resource)
        modern = kind == "schema" and not self.tree.openapi.startswith("3.0.")
        if modern:
            self.check_dialect(value, at, "$schema")
            if "$id" in value:
                self.identifiers.declaring.append(value)
                resource = self.identifiers.own(value, at, resource)
            self.check_dynamic(value, at, resource)
        if "$ref" in value and kind in REFERABLE:
            is_whole = not modern and kind != "path-item"
            if self.follow(value, at, kind, resource, is_whole=is_whole) and is_whole:
                return  # OpenAPI 3.1 §4.8.23: what stands beside it is ignored.
        self.mender.members(value, at, kind)
        held = list(children(value, at, kind))
        # Reversed onto the stack: what comes first in the document is seen first.
        self.to_see.extend((item, inner, of, resource) for item, inner, of, _ in reversed(held))
        if kind == "schema":
            in_place = [inner for _, inner, _, member in held if member in IN_PLACE]
            if in_place:
                self.edges.setdefault(at, []).extend(in_place)
        if kind == "schema" and isinstance(value.get("discriminator"), dict):
            self.map(value["discriminator"], at, resource)
        if kind == "security-requirement" and id(value) not in self.targets:
            self.targets[id(value)] = at
            self.require(value, at, resource)

    def place(self, pointer: str) -> Place | None:
        return self.tree.positions.find(self.tree.root, pointer)

    def wrong(
        self,
        kind: Callable[..., SpecError],
        *facts: str,
        at: str,
        member: str = "$ref",
        **more: Any,
    ) -> SpecError:
        """The fault of the reference in *member* of the object at *at*."""
        return kind(*facts, place=self.place(f"{at}/{member}"), pointer=at, **more)

    def attempt(
        self, value: dict[str, Any], at: str, member: str, resource: Resource
    ) -> tuple[Any, Resource, str] | None:
        """What the reference in *member* of *value* leads to; None, and told, where it cannot."""
        try:
            if not isinstance(reference := value[member], str):
                raise self.wrong(BadReference, f"a {member} must be a string", at=at, member=member)
            return self.resolve(reference, at, resource, member=member)
        except (TooLarge, AliasExpansion):
            raise
        except SpecError as fault:
            self.tree.faults.add(fault)
            return None

    def follow(self, value: Any, at: str, kind: str, resource: Resource, *, is_whole: bool) -> bool:
        """Check the reference of *value*, make it a pointer into the tree, see its target.

        False where it leads nowhere: it is told and taken out, with all that stands beside it if
        it *is_whole*.
        """
        # An alias shares its object: what was made a pointer once stays as it is.
        pointer = self.targets.get(id(value))
        if pointer is None:
            found = self.attempt(value, at, "$ref", resource)
            if found is not None and not self.is_of(kind, found[0], found[2]):
                fault = f"{value['$ref']!r} leads to what is no {kind.replace('-', ' ')}"
                self.tree.faults.add(self.wrong(BadReference, fault, at=at))
                found = None
            if found is None:
                self.disable(value, at, kind, is_whole=is_whole)
                return False
            target, owner, pointer = found
            self.targets[id(value)] = pointer
            if pointer != unquote(value["$ref"][1:]):
                value["$ref"] = "#" + quote(pointer, safe=_FRAGMENT_SAFE)
            self.to_see.append((target, pointer, kind, owner))
        self.edges.setdefault(at, []).append(pointer)
        return True

    def is_of(self, kind: str, value: Any, pointer: str) -> bool:
        """Whether *value*, at *pointer*, may be read as an object of *kind*.

        Not if it is read as one of another kind: what one kind cannot hold is taken out of it.
        """
        known = kind_of(pointers.split(pointer)) or self.kinds.setdefault(pointer, kind)
        # the two differ in a name and a place, and references mix them up
        is_alike = {known, kind} == {"parameter", "header"}
        return fits(value, kind) and (known == kind or is_alike)

    def disable(
        self, value: dict[str, Any], at: str, kind: str, *, member: str = "$ref", is_whole: bool
    ) -> None:
        """Take the reference in *member* out of *value*."""
        if is_whole:
            self.mender.empty(value)
        else:
            self.mender.drop(value, member)
        if kind == "schema":
            self.mender.loosened.append(at)

    # -- references that OpenAPI does not have, and bundlers write: of an operation, of a whole map

    def whole(self, value: dict[str, Any], at: str, kind: str, resource: Resource) -> Resource:
        """Put in its place what a `$ref` in *value*, or in a map of it, leads to.

        Also what a Path Item refers to, if it has members of its own beside its `$ref`.
        """
        members = MEMBERS[kind]
        if isinstance(value.get("$ref"), str):
            has_own = kind == "path-item" and not members.keys().isdisjoint(value)
            if has_own or kind in ("operation", "components"):
                resource = self.inline(value, at, resource, is_told=not has_own)
        for name, held in list(value.items()):
            is_map = name in members and members[name].shape in ("names", "patterned")
            if is_map and isinstance(held, dict) and isinstance(held.get("$ref"), str):
                self.inline(held, pointers.join(at, name), resource, is_told=True)
        return resource

    def inline(
        self, value: dict[str, Any], at: str, resource: Resource, *, is_told: bool
    ) -> Resource:
        """Put what the `$ref` of *value* leads to in its place; the resource that it is of."""
        while isinstance(reference := value.get("$ref"), str):
            found = self.attempt(value, at, "$ref", resource)
            target, owner, _ = found or (None, resource, "")
            if found is not None and (
                not isinstance(target, dict)
                or any(part is value for part in pointers.parts(target))
            ):
                why = "round in a circle" if isinstance(target, dict) else "to what is no object"
                fault = f"{reference!r} leads {why}"
                self.tree.faults.add(self.wrong(BadReference, fault, at=at))
                target = None
            if target is None:
                self.mender.drop(value, "$ref")
                return resource
            if is_told:
                fault = f"OpenAPI has no $ref here; {reference!r} is followed all the same"
                self.tree.faults.add(self.wrong(BadReference, fault, at=at))
            self.mender.fill(value, target)
            for item in target.values():
                inner = item.values() if isinstance(item, dict) else item
                for each in (item, *(inner if isinstance(item, (dict, list)) else ())):
                    self.inlined.setdefault(id(each), owner)
            self.inlined.setdefault(id(value), owner)
            resource = owner
        return resource

    def check_size(self, at: str) -> None:
        """Refuse what such references multiply, as aliases are refused that do."""
        limits, written = self.tree.limits, len(self.tree.positions.of)
        if len(self.seen) > max(limits.free_nodes, limits.amplification * written):
            fault = "references that stand for what they lead to make the document more than"
            fault += f" {limits.amplification} times larger than its text"
            raise TooLarge(fault, place=self.place(at), pointer=at)

    def check_dialect(self, value: dict[str, Any], at: str, member: str) -> None:
        """Make a schema of another draft one of 2020-12; one of an unknown dialect says nothing."""
        dialect = value.get(member)
        if not isinstance(dialect, str):
            if member == "$schema" and self.draft < _LATEST and id(value) not in self.modernised:
                self.modernise(value, self.draft)
            return
        draft = draft_of(dialect)
        if draft is None:
            pointer = pointers.join(at, member)
            fault = ForeignDialect(dialect, place=self.place(pointer), pointer=pointer)
            self.tree.faults.add(fault)
            self.disable(value, at, "schema", member=member, is_whole=member == "$schema")
        elif member != "$schema":
            self.draft = draft
        elif draft < _LATEST:
            self.modernise(value, draft)

    def modernise(self, value: Any, draft: int) -> None:
        """Make the schema *value*, of *draft*, and all in it 2020-12."""
        self.modernised.update(id(each) for each, _ in dicts(value, ""))
        modernise(value, draft, self.mender)

    def check_dynamic(self, value: dict[str, Any], at: str, resource: Resource) -> None:
        """Find the initial target of a `$dynamicRef`, as that of a `$ref` is found."""
        if isinstance(anchor := value.get("$dynamicAnchor"), str):
            self.anchors.setdefault(anchor, []).append(at)
        if "$dynamicRef" in value:
            found = self.attempt(value, at, "$dynamicRef", resource)
            if found is not None and not self.is_of("schema", found[0], found[2]):
                fault = f"{value['$dynamicRef']!r} leads to what is no schema"
                self.tree.faults.add(self.wrong(BadReference, fault, at=at, member="$dynamicRef"))
                found = None
            if found is None:
                self.disable(value, at, "schema", member="$dynamicRef", is_whole=False)
                return
            target, owner, pointer = found
            self.to_see.append((target, pointer, "schema", owner))
            self.edges.setdefault(at, []).append(pointer)
            self.dynamic.append((value, at, pointer))

    def bind(self) -> None:
        """Make each `$dynamicRef` a pointer: with one it means what a `$ref` means.

        Only a dynamic anchor of the same name in another resource could lead it elsewhere
        (2020-12 §8.2.3.2): then there are copies to choose from.
        """
        references = [
            Reference(at, "$dynamicRef", pointer, None if name.startswith("/") else name)
            for value, at, pointer in self.dynamic
            for name in [unquote(urldefrag(value["$dynamicRef"]).fragment)]
        ]
        several = {name: at for name, at in self.anchors.items() if len(at) > 1}
        if several.keys().isdisjoint(each.name for each in references):
            for value, _, pointer in self.dynamic:
                value["$dynamicRef"] = "#" + quote(pointer, safe=_FRAGMENT_SAFE)
            return
        self.specialise(references, several)

    def specialise(self, references: list[Reference], anchors: Mapping[str, list[str]]) -> None:
        """Settle all references of a document in which dynamic *anchors* have several bindings."""
        root = self.tree.root
        schemas = {at for at, kind in self.seen if kind == "schema"}
        for at in schemas:
            value = pointers.find(root, at)
            written = value.get("$ref") if isinstance(value, dict) else None
            if isinstance(written, str) and written.startswith("#"):
                references.append(Reference(at, "$ref", unquote(written[1:])))
        resources = {resource.at for resource in self.identifiers.owned.values()} & schemas
        scopes = Scopes(root, schemas, resources, anchors, self.copy)
        try:
            settled = list(scopes.settle(references))
        except TooManyWays:
            for value, at, _ in self.dynamic:
                fault = (
                    f"{value['$dynamicRef']!r} could lead to more schemas than can be told apart"
                )
                fault_at = self.wrong(BadReference, fault, at=at, member="$dynamicRef")
                self.tree.faults.add(fault_at)
                self.disable(value, at, "schema", member="$dynamicRef", is_whole=False)
            return
        for at, member, target in settled:
            value = pointers.resolve(root, at)
            value[member] = "#" + quote(target, safe=_FRAGMENT_SAFE)
            kept = [each for each in self.edges.get(at, ()) if pointers.is_within(each, at)]
            others = [each[2] for each in settled if each[0] == at]
            self.edges[at] = [*kept, *others]

    def copy(self, at: str) -> str:
        """Copy the schema at *at* for another way to it; the pointer of the copy."""
        tree, bundled = self.tree, self.bundled()
        name = f"{pointers.split(at)[-1]} {len(bundled) + 1}"
        bundled[name] = tree.positions.again(pointers.resolve(tree.root, at))
        here = pointers.of([BUNDLED, name])
        for place, held in list(self.edges.items()):
            if pointers.is_within(place, at):
                inside = [
                    here + each[len(at) :] for each in held if pointers.is_within(each, place)
                ]
                self.edges[here + place[len(at) :]] = inside
        return here

    def cut_cycles(self) -> bool:
        """Take a reference out of each circle that was found; False if there was none."""
        chains = list(_cycles(self.edges))
        for chain in chains:
            steps = list(pairwise(chain))
            if not all(there in self.edges.get(here, ()) for here, there in steps):
                continue  # a circle that shares a step with it has been cut
            self.tree.faults.add(UnproductiveCycle(chain, place=self.place(chain[0])))
            # the last reference of the circle: what comes before it is read as written
            here, there, value, member = next(
                (here, there, value, member)
                for here, there in reversed(steps)
                if isinstance(value := pointers.find(self.tree.root, here), dict)
                for member in ("$ref", "$dynamicRef")
                if unquote(str(value.get(member))) == "#" + there
            )
            is_whole = self.tree.openapi.startswith("3.0.")
            self.disable(value, here, "schema", member=member, is_whole=is_whole)
            self.edges[here].remove(there)
        return bool(chains)

    def map(self, discriminator: dict[str, Any], at: str, resource: Resource) -> None:
        """Make a discriminator's mapping to another file a pointer into the tree.

        A mapping is a hint (OpenAPI 3.1 §4.8.25): one that leads nowhere is left to lint.
        """
        written = discriminator.get("mapping")
        mapping: dict[str, Any] = written if isinstance(written, dict) else {}
        for name, target in mapping.items():
            if not isinstance(target, str) or {"/", "#", "."}.isdisjoint(target):
                continue  # the name of a component
            try:
                value, owner, pointer = self.resolve(target, at, resource)
            except (BadReference, DanglingReference, RefusedReference, UnreadableDocument):
                continue
            if not self.is_of("schema", value, pointer):
                continue
            if pointer != unquote(target[1:]):
                mapping[name] = "#" + quote(pointer, safe=_FRAGMENT_SAFE)
            self.to_see.append((value, pointer, "schema", owner))

    def require(self, requirement: dict[str, Any], at: str, resource: Resource) -> None:
        """Make the URIs of security schemes in *requirement* pointers into the tree.

        OpenAPI 3.2 §4.30: what is the name of a component is no URI.  The reader tells of those
        that lead nowhere, as it does of unknown names.
        """
        declared = pointers.find(self.tree.root, "/components/securitySchemes")
        places = self.tree.positions.of.get(id(requirement), {})
        renamed: dict[str, Any] = {}
        for name, scopes in requirement.items():
            uri, is_name = name, isinstance(declared, dict) and name in declared
            if not is_name and not {"#", "/", "."}.isdisjoint(name):
                with suppress(BadReference, DanglingReference, RefusedReference):
                    scheme, owner, pointer = self.resolve(name, at, resource)
                    if self.is_of("security-scheme", scheme, pointer):
                        self.to_see.append((scheme, pointer, "security-scheme", owner))
                    uri = "#" + quote(pointer, safe=_FRAGMENT_SAFE)
            renamed[uri] = scopes
            if name in places:
                places[uri] = places[name]
        requirement.clear()
        requirement.update(renamed)

    def resolve(
        self, reference: str, at: str, resource: Resource, *, member: str = "$ref"
    ) -> tuple[Any, Resource, str]:
        """What *reference* leads to: the value, whose it is, its pointer in the tree."""
        try:
            url, fragment = urldefrag(reference)
            owner = self.locate(url, reference, at, resource) if url else resource
        except ValueError:
            # urllib's word for a malformed authority, such as an unclosed "[".
            fault = f"{reference!r} is no URI reference"
            raise self.wrong(BadReference, fault, at=at, member=member) from None
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            pointer = self.identifiers.anchors_of(owner).get(pointer, pointer)
        try:
            value = pointers.resolve(owner.value, pointer)
        except (KeyError, ValueError):
            near = self.nearest(owner, pointer, url)
            raise self.wrong(
                DanglingReference, reference, at=at, member=member, nearest=near
            ) from None
        inner = self.main if owner.settled else self.innermost(owner, pointer)
        return value, inner, owner.at + pointer

    def nearest(self, owner: Resource, pointer: str, url: str = "") -> str | None:
        """The reference to what is in *owner*, at *url*, that was probably meant by *pointer*."""
        # to compare names takes long where there are many; the first say what went wrong
        self.dangling += 1
        near = _nearest_pointer(owner.value, pointer) if self.dangling <= _MOST_ADVISED else None
        return None if near is None else f"{url}#{quote(near, safe=_FRAGMENT_SAFE)}"

    def innermost(self, owner: Resource, pointer: str) -> Resource:
        """The resource that the node at *pointer* of *owner* belongs to."""
        value, walked = owner.value, owner.at
        for token in pointers.split(pointer)[:-1]:
            value = value[int(token)] if isinstance(value, list) else value[token]
            walked = pointers.join(walked, token)
            if isinstance(value, dict) and "$id" in value:
                owner = self.identifiers.own(value, walked, owner)
        return owner

    def locate(self, url: str, reference: str, at: str, resource: Resource) -> Resource:
        """The resource that *url* names: a declared `$id` or `$self`, or a file."""
        absolute = urljoin(resource.base, url)
        if absolute in self.known:
            return self.known[absolute]
        if self.ids is None:
            self.ids = {}
            for owner in [self.main, *self.files.values(), *self.known.values()]:
                self.identifiers.collect(owner, self.ids)
        if absolute in self.ids:
            return self.ids[absolute]
        if (known := meta_schema(absolute)) is not None:
            return self.publish(absolute, known, at)
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or parts.query:
            reason = "is a file: address" if parts.scheme == "file" else "is a remote reference"
            advice = _STAY_BELOW if parts.scheme == "file" else _NO_CONNECTION
            reason = f"{reason}, and none is ever opened"
            raise self.wrong(RefusedReference, reference, reason, at=at, advice=advice)
        if resource.path is None or self.tree.path is None:
            reason = "names a file, and this document was not read from one"
            advice = "Read the document by its file name."
            raise self.wrong(RefusedReference, reference, reason, at=at, advice=advice)
        named = resource.path.parent / unquote(parts.path).replace("\0", "\ufffd")
        path = resolved(named)
        if not path.is_relative_to(self.tree.path.parent):
            reason = "leads outside the document's folder"
            raise self.wrong(RefusedReference, reference, reason, at=at, advice=_STAY_BELOW)
        if path != Path(os.path.normpath(named)):
            self.tree.opened[named] = LINKED
        return self.files.get(path) or self.load(path, reference, at, resource)

    def load(self, path: Path, reference: str, at: str, resource: Resource) -> Resource:
        """Read the file *path* into the tree; *resource* is what *reference* stands in."""
        tree, positions = self.tree, self.tree.positions
        tree.opened[path] = fingerprint(None)
        # Only a regular file: a pipe would block for ever.
        if not path.is_file():
            # `components/schemas/Pet` lacks its `#/`, and `Pet` all the rest
            is_name = not path.suffix and "#" not in reference
            near = self.nearest(resource, reference) if is_name else None
            raise self.wrong(DanglingReference, reference, at=at, nearest=near)
        assert tree.path is not None
        inside = path.relative_to(tree.path.parent).as_posix()
        if inside in self.bundled():
            # Bundled when the document was read before: its references are pointers already.
            at = pointers.of([BUNDLED, inside])
            return Resource(self.bundled()[inside], at, path, settled=True)
        file = str(Path(positions.files[0]).parent / inside)
        here = pointers.of([BUNDLED, inside])
        try:
            data = read_file(str(path), limits=tree.limits, is_regular=True)
            tree.opened[path] = fingerprint(data)
            self.taken += len(data)
            if self.taken > tree.limits.bytes:
                fault = f"the files that it refers to have more than {tree.limits.bytes} bytes"
                raise self.wrong(TooLarge, fault, at=at)
            value = read_text(
                data, positions, file=file, limits=tree.limits, faults=tree.faults, at=here
            )
        except (BadSyntax, NotUtf8, UnreadableDocument) as error:
            why = f"{error.place}: {error.fault}" if error.place else error.fault
            fault = f"{reference!r} cannot be read: {why}"
            raise self.wrong(BadReference, fault, at=at, advice=error.advice) from None
        bundled = self.bundled()
        bundled[inside] = value
        positions.of.setdefault(id(bundled), {})[inside] = pack(len(positions.files) - 1, 0, 0)
        resource = Resource(value, here, path)
        draft = draft_of(value.get("$schema")) if isinstance(value, dict) else None
        if draft is not None and draft < _LATEST:
            self.modernise(value, draft)
        self.files[path] = resource
        if self.ids is not None and isinstance(value, dict):
            # all files again for each new one would be quadratic
            whole = self.identifiers.own(value, here, resource)
            self.identifiers.collect(whole, self.ids)
        return resource

    def publish(self, uri: str, schema: Any, at: str) -> Resource:
        """Take the meta-schema that is known as *uri* into the tree: no network is asked for it."""
        positions, bundled = self.tree.positions, self.bundled()
        # it is written nowhere: what refers to it is cited
        place = self.place(at)
        line = 0
        if place is not None:
            file = positions.files.index(place.file)
            line = pack(file, place.line - 1, place.column - 1)
        bundled[uri] = value = positions.copy(schema, Positions(), {}, default=line)
        resource = self.known[uri] = Resource(value, pointers.of([BUNDLED, uri]), None, uri)
        draft = draft_of(value.get("$schema"))
        if draft is not None and draft < _LATEST:
            self.modernise(value, draft)
        self.ids = None
        return resource

    def bundled(self) -> dict[str, Any]:
        """The member of the root that holds other files."""
        root, of = self.tree.root, self.tree.positions.of
        if BUNDLED not in root:
            made: dict[str, Any] = {}
            root[BUNDLED] = made
            of[id(made)] = {}
        elif not isinstance(root[BUNDLED], dict):
            at = pointers.of([BUNDLED])
            raise BadReference("this member holds objects", place=self.place(at), pointer=at)
        held: dict[str, Any] = root[BUNDLED]
        return held


def _nearest_pointer(root: Any, pointer: str) -> str | None:
    """A pointer that exists in *root* and is most like *pointer*, which does not.

    Each token that leads nowhere is replaced by the nearest that leads on; failing that, or where
    there is a name only, a component of the same name is proposed.
    """
    if "/" not in pointer:
        return _namesake(root, pointer)
    tokens = pointers.split(pointer if pointer.startswith("/") else f"/{pointer}")
    value, walked = root, ""
    for token in tokens:
        if isinstance(value, dict):
            known = token if token in value else nearest(token, value)
            if known is None:
                return _namesake(root, tokens[-1])
            value, walked = value[known], pointers.join(walked, known)
        else:
            try:
                value = pointers.resolve(value, pointers.of([token]))
            except KeyError:
                return _namesake(root, tokens[-1])
            walked = pointers.join(walked, token)
    return walked


def _namesake(root: Any, name: str) -> str | None:
    components = root.get("components") if isinstance(root, dict) else None
    for section, members in components.items() if isinstance(components, dict) else ():
        if isinstance(members, dict) and name in members:
            return pointers.of(["components", section, name])
    return None


def _cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Chains of *edges* that lead from a pointer back to itself; none only if there is none.

    An edge joins two objects that describe the same value: a reference and its target, a schema
    and a branch of its `allOf`.  JSON Schema 2020-12 §9.4.1 forbids a loop of these alone; a loop
    through a member or an item is recursion, and fine.
    """
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        path = [start]
        on_path = {start}
        ahead = [iter(edges[start])]
        while ahead:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                done.add(path[-1])
                on_path.discard(path.pop())
            elif following in on_path:
                yield (*path[path.index(following) :], following)
            elif following in edges and following not in done:
                path.append(following)
                on_path.add(following)
                ahead.append(iter(edges[following]))
