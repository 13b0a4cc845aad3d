"""Read an OpenAPI document: one self-contained tree of JSON values that knows where it came from.

Files below the document's folder that it refers to are bundled into it; nothing else is ever
opened.  A `Node` reads the members of an object as the types that OpenAPI gives them.  Leaves to
others: whether the document is a good one (lint), what its schemas mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from troth import pointer as pointers
from troth.document import cache
from troth.document.mending import Mender
from troth.document.references import Tree, bundle
from troth.document.source import Limits, Positions, resolved
from troth.document.spec_errors import (
    Faults,
    NotAnOpenApiDocument,
    RefusedReference,
    UnsupportedVersion,
    WrongType,
)
from troth.document.text_reader import read_source, read_text
from troth.errors import Place, SpecError

__all__ = ["Document", "Limits", "Node", "read"]

SUPPORTED = "3.0.x, 3.1.x and 3.2.x"


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An OpenAPI document, complete in itself: every reference in *root* leads into *root*.

    *root* holds dict, list, str, int, float, bool and None, and is read-only by agreement.
    *file* is the name that the document was read by, *openapi* its version as written, *digest* a
    hash of the content of *root*.  *path* is its real file, if it has one: the folder that its
    references may lead into, and *opened* the other files to which they lead, there or not.
    *faults* is what could not be understood: *root* does without it.  *entry* is where it is kept,
    if it is.
    """

    file: str
    root: dict[str, Any]
    openapi: str
    digest: str
    positions: Positions = field(repr=False)
    path: Path | None = field(default=None, repr=False)
    limits: Limits = field(default=Limits(), repr=False)
    faults: tuple[SpecError, ...] = field(default=(), repr=False)
    entry: cache.Entry | None = field(default=None, repr=False)
    opened: tuple[Path, ...] = field(default=(), repr=False)

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* was written: its key, or the start of the item.

        The nearest ancestor's place when the node has none, or does not exist.  A node that an
        overlay put there cites the overlay's file.
        """
        return self.positions.find(self.root, pointer)

    def fault(
        self, fault: str, at: str, *, advice: str = "", kind: type[SpecError] = SpecError
    ) -> SpecError:
        """The fault of what stands at *at*."""
        return kind(fault, place=self.place(at), pointer=at, advice=advice)

    @property
    def node(self) -> Node:
        """The document itself, to read its members by their types."""
        return Node(self, self.root, "")


def read(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    strict: bool = False,
) -> Document:
    """Read the document in the file *source* ("-" is standard input), or in these bytes.

    *name* is what errors call it, and decides between JSON and YAML if it has a suffix.  Raises
    SpecError for what is no document at all, or a bomb; if *strict*, for the first fault.
    """
    limits = limits or Limits()
    data, file = read_source(source, name=name, limits=limits)
    path = None if isinstance(source, bytes) or source == "-" else resolved(source)
    kept_at = cache.entry(data, file=file, path=path, limits=limits)
    kept = cache.find(kept_at) if kept_at is not None else None
    if kept is None:
        positions, faults, opened = Positions(), Faults(), dict[Path, str]()
        root = read_text(data, positions, file=file, limits=limits, faults=faults)
        with telling(opened):
            document = build(
                file, root, positions, path=path, limits=limits, faults=faults, opened=opened
            )
        if kept_at is not None:
            document = replace(document, entry=_keep(document, kept_at, opened))
    else:
        (root, positions, openapi, hashed, told, files), it = kept
        others = tuple(map(Path, files))
        document = Document(file, root, openapi, hashed, positions, path, limits, told, it, others)
    if strict and document.faults:
        raise document.faults[0]
    return document


@contextmanager
def telling(opened: Iterable[Path]) -> Iterator[None]:
    """Let what is raised in the block tell of the files that were *opened* for it."""
    try:
        yield
    except SpecError as fault:
        fault.opened = tuple(opened)
        raise


def _keep(document: Document, at: Path, opened: Mapping[Path, str]) -> cache.Entry | None:
    # what a reference is refused for may be a link, and that may change
    is_refused = any(isinstance(each, RefusedReference) for each in document.faults)
    if is_refused or cache.LINKED in opened.values():
        return None
    fingerprints = {str(file): each for file, each in opened.items()}
    root, openapi, positions = document.root, document.openapi, document.positions
    whole = (root, positions, openapi, document.digest, document.faults, fingerprints)
    return cache.keep(at, cache.Kept(*whole), _json(root))


def build(
    file: str,
    root: Any,
    positions: Positions,
    *,
    path: Path | None,
    limits: Limits,
    faults: Faults,
    opened: dict[Path, str] | None = None,
) -> Document:
    """Make a Document of a tree: check its version and its references, bundle other files.

    *faults* holds what reading the text had to tell, and gets what the tree has; *opened* gets the
    other files (see `Tree`).
    """
    openapi = check_version(root, positions, faults)
    opened = {} if opened is None else opened
    bundle(Tree(root, positions, openapi, path, limits, faults, opened))
    told = faults.in_order(file)
    hashed, others = digest(root), tuple(opened)
    return Document(file, root, openapi, hashed, positions, path, limits, told, opened=others)


def digest(value: Any) -> str:
    """A hash of *value*; the order of members counts, since they are walked in it."""
    return blake2b(_json(value), digest_size=16).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def check_version(root: Any, positions: Positions, faults: Faults) -> str:
    """The version of the OpenAPI document *root*, which must be one that troth reads.

    One without its patch number is told, and read as the first of its kind.
    """
    top = positions.find(root, "")
    if not isinstance(root, dict):
        kind = {list: "list", str: "text", type(None): "nothing"}.get(type(root), "scalar")
        raise NotAnOpenApiDocument(f"not an OpenAPI document (got {kind})", place=top)
    for field_name in ("openapi", "swagger"):
        if field_name in root:
            version, pointer = root[field_name], pointers.of([field_name])
            break
    else:
        raise NotAnOpenApiDocument(
            "not an OpenAPI document: the field 'openapi' is missing",
            place=top,
            advice=f"It names the version. Supported versions: {SUPPORTED}.",
        )
    place = positions.find(root, pointer)
    good = isinstance(version, str) and re.fullmatch(r"3\.[012]\.[0-9]+(-.+)?", version)
    written = repr(version) if isinstance(version, str) else json.dumps(version)
    if field_name == "openapi" and str(version).strip() in ("3.0", "3.1", "3.2"):
        full = f"{str(version).strip()}.0"
        fault = f"version {written} lacks its patch number: read as {full}"
        faults.add(WrongType(fault, place=place, pointer=pointer, advice=f"Write '{full}'."))
        Mender(root, positions, faults).put(root, "openapi", full)
        return full
    if field_name == "swagger" or not good:
        raise UnsupportedVersion(written, supported=SUPPORTED, place=place, pointer=pointer)
    return str(version)


@dataclass(frozen=True, slots=True)
class Node:
    """An object of *document*: *value* stands at *pointer*."""

    document: Document
    value: dict[str, Any]
    pointer: str

    def at(self, *tokens: str | int) -> str:
        """The pointer of what stands at *tokens* below this object."""
        return pointers.join(self.pointer, *tokens)

    def text(self, member: str, default: str = "") -> str:
        """The string at *member*, or *default* where there is none."""
        value: str = self._read(member, str, default)
        return value

    def flag(self, member: str, *, default: bool = False) -> bool:
        """The boolean at *member*, or *default* where there is none."""
        value: bool = self._read(member, bool, default)
        return value

    def texts(self, member: str) -> tuple[str, ...]:
        """The strings in the array at *member*."""
        return tuple(text for text in self._read(member, list, []) if isinstance(text, str))

    def prose(self, member: str) -> str:
        """The text at *member*, if it is one: nothing depends on it."""
        text = self.value.get(member)
        return text if isinstance(text, str) else ""

    def lacks(self, member: str) -> bool:
        """Whether the object was written without *member*; what was taken out has been told."""
        return self.document.positions.of_member(self.value, member) is None

    def members(self, member: str, *, patterned: bool = False) -> Iterator[tuple[str, Node]]:
        """The objects that the object at *member* holds, by name; *patterned*: but extensions."""
        for name, value in self._read(member, dict, {}).items():
            if isinstance(value, dict) and not (patterned and name.startswith("x-")):
                yield name, Node(self.document, value, self.at(member, name))

    def items(self, member: str) -> Iterator[Node]:
        """The objects in the array at *member*."""
        for index, value in enumerate(self._read(member, list, [])):
            if isinstance(value, dict):
                yield Node(self.document, value, self.at(member, index))

    def one(self, member: str) -> Node | None:
        """The object at *member*, if there is one."""
        value = self.value.get(member)
        return Node(self.document, value, self.at(member)) if isinstance(value, dict) else None

    def followed(self) -> Node:
        """The object that a Reference Object stands for; this very object, if it is none.

        Only for what OpenAPI lets be a Reference Object: there `document` has ruled out references
        that lead nowhere or round in circles.
        """
        at, value = self.pointer, self.value
        while isinstance(value.get("$ref"), str):
            at = pointers.from_fragment(value["$ref"].removeprefix("#"))
            target = pointers.find(self.document.root, at)
            # an object of which nothing is left, where what it referred to was taken out itself
            value = target if isinstance(target, dict) else {}
        return Node(self.document, value, at)

    def fault(self, fault: str, *tokens: str | int, advice: str = "") -> SpecError:
        """The fault of what stands at *tokens* below this object."""
        return self.document.fault(fault, self.at(*tokens), advice=advice, kind=WrongType)

    def _read(self, member: str, kind: type, default: Any) -> Any:
        # what is of another type has been told, and is as good as absent (see `mending`)
        value = self.value.get(member, default)
        return value if isinstance(value, kind) else default
