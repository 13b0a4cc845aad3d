"""Read an OpenAPI document: one self-contained tree of JSON values that knows where it came from.

Files below the document's folder that it refers to are bundled into it; nothing else is ever
opened.  Leaves to others: whether the document is a good one (lint), what its schemas mean.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from troth import pointer as json_pointer
from troth.document.limits import Limits
from troth.document.references import Tree, bundle
from troth.document.source_positions import Marks
from troth.document.spec_errors import NotAnOpenApiDocument, UnsupportedVersion
from troth.document.text_reader import read_file, read_text, resolved
from troth.errors import Place

__all__ = ["Document", "Limits", "read"]

SUPPORTED = "3.0.x, 3.1.x and 3.2.x"


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An OpenAPI document, complete in itself: every reference in *root* leads into *root*.

    *root* holds dict, list, str, int, float, bool and None, and is read-only by agreement.
    *file* is the name that the document was read by, *openapi* its version as written, *digest* a
    hash of the content of *root*.  *path* is its real file, if it has one: the folder that its
    references may lead into.
    """

    file: str
    root: dict[str, Any]
    openapi: str
    digest: str
    marks: Marks = field(repr=False)
    path: Path | None = field(default=None, repr=False)
    limits: Limits = field(default=Limits(), repr=False)

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* was written: its key, or the start of the item.

        The nearest ancestor's place when the node has none, or does not exist.  A node that an
        overlay put there cites the overlay's file.
        """
        return self.marks.find(self.root, json_pointer.split(pointer))


def read(
    source: str | Path | bytes, *, name: str | None = None, limits: Limits | None = None
) -> Document:
    """Read the document in the file *source* ("-" is standard input), or in these bytes.

    *name* is what errors call it, and decides between JSON and YAML if it has a suffix.  Raises
    SpecError.
    """
    limits = limits or Limits()
    marks = Marks()
    path: Path | None = None
    if isinstance(source, bytes):
        data, file = source, name or "<bytes>"
    elif source == "-":
        data, file = sys.stdin.buffer.read(limits.bytes + 1), name or "<stdin>"
    else:
        data, file = read_file(str(source), limits=limits), name or str(source)
        path = resolved(source)
    root = read_text(data, marks, file=file, limits=limits)
    return build(file, root, marks, path=path, limits=limits)


def build(file: str, root: Any, marks: Marks, *, path: Path | None, limits: Limits) -> Document:
    """Make a Document of a tree: check its version and its references, bundle other files."""
    openapi = check_version(root, marks)
    bundle(Tree(root, marks, openapi, path=path, limits=limits))
    return Document(file, root, openapi, digest(root), marks, path, limits)


def digest(value: Any) -> str:
    """A hash of *value*; the order of members counts, since they are walked in it."""
    text = json.dumps(value, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def check_version(root: Any, marks: Marks) -> str:
    """The version of the OpenAPI document *root*, which must be one that troth reads."""
    top = marks.find(root, ())
    if not isinstance(root, dict):
        found = {list: "list", str: "text", type(None): "nothing"}.get(type(root), "scalar")
        raise NotAnOpenApiDocument(f"not an OpenAPI document (got {found})", place=top)
    for field_name in ("openapi", "swagger"):
        if field_name in root:
            version, pointer = root[field_name], json_pointer.of([field_name])
            break
    else:
        raise NotAnOpenApiDocument(
            "not an OpenAPI document: the field 'openapi' is missing",
            place=top,
            advice=f"It names the version. Supported versions: {SUPPORTED}.",
        )
    good = isinstance(version, str) and re.fullmatch(r"3\.[012]\.[0-9]+(-.+)?", version)
    if field_name == "swagger" or not good:
        place = marks.find(root, [field_name])
        found = repr(version) if isinstance(version, str) else json.dumps(version)
        short = field_name == "openapi" and str(version) in ("3.0", "3.1", "3.2")
        full = f"'{version}.0'" if short else ""
        raise UnsupportedVersion(
            found, supported=SUPPORTED, place=place, pointer=pointer, likely=full
        )
    return str(version)
