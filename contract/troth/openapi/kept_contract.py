"""Contracts of large documents, kept beside the document in the cache.

What is kept is what a contract is asked first, and what it takes long to find out: the outlines of
the operations, the faults, and the schemas as the validators take them.  The operations themselves
are read again, each when it is first used; that they can be read is known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from troth.document import cache
from troth.document.document import Document
from troth.openapi.contract import Contract, Verbs
from troth.openapi.operation import Operation, Outline

if TYPE_CHECKING:  # what is found again needs it only when its schemas are asked for
    from troth.laws.laws import Law
    from troth.schema.schema import Schemas

T = TypeVar("T")

#: What the files are called that hold the outlines and faults, and the schemas.
_OUTLINES, _SCHEMAS = ".contract", ".schemas"


def compile(document: Document, *, verbs: Verbs | None = None) -> Contract:
    """The contract of *document*, as `reader.compile` makes it, or made it before."""
    contract = _find(document, document.entry, verbs) if document.entry is not None else None
    if contract is None:
        from troth.openapi import reader

        contract = reader.compile(document, verbs=verbs)
        if document.entry is not None:
            _keep(contract, document.entry)
    return contract


def _keep(contract: Contract, entry: cache.Entry) -> None:
    prepared, engine = contract.schemas.prepared, contract.schemas.engine
    unfit = engine.unfit.items() if engine.is_large else ()
    try:
        faults = [cache.spelt(fault) for fault in contract.faults]
    except TypeError:
        return
    outlines = [_plain(operation.outline) for operation in contract.operations]
    cache.keep_beside(entry, _OUTLINES, [outlines, faults])
    told = [getattr(prepared, name) for name in prepared.__slots__ if name != "patterns"]
    kept_unfit = [[at, each.fault, each.pointer] for at, each in unfit]
    cache.keep_beside(entry, _SCHEMAS, [told, astuple(prepared.patterns), kept_unfit])


def _plain(outline: Outline) -> list[Any]:
    return [sorted(each) if isinstance(each, frozenset) else each for each in outline]


def _find(document: Document, entry: cache.Entry, verbs: Verbs | None) -> Contract | None:
    try:
        written, told = cache.find_beside(entry, _OUTLINES)
        outlines = [_outline(*each) for each in written]
        faults = tuple(map(cache.fault_of, told))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    schemas = _once(partial(_schemas, document, entry))
    operations = tuple(
        Operation.postponed(outline, document, _once(partial(_members, document, schemas, outline)))
        for outline in outlines
    )
    laws = _once(partial(_laws, document, operations))
    return Contract.postponed(document, operations, faults, schemas=schemas, laws=laws, verbs=verbs)


def _outline(
    method: str, path: str, pointer: str, operation_id: str | None, summary: str, *names: list[str]
) -> Outline:
    base_paths, in_path, in_query = names
    every = (tuple(base_paths), frozenset(in_path), frozenset(in_query))
    return Outline(method, path, pointer, operation_id, summary, *every)


def _schemas(document: Document, entry: cache.Entry) -> Schemas:
    from troth.schema.dialect import Patterns, Prepared
    from troth.schema.schema import Schemas
    from troth.schema.validators import Uncompilable

    try:
        told, patterns, unfit = cache.find_beside(entry, _SCHEMAS)
        root, schemas, referrers, relics, one_way, discriminating = told
        more = (Patterns(*patterns), tuple(relics), one_way, tuple(discriminating))
        prepared = Prepared(root, tuple(schemas), referrers, *more)
        known = {at: Uncompilable(fault, pointer) for at, fault, pointer in unfit}
    except (ValueError, TypeError):
        return Schemas(document)
    return Schemas(document, prepared=prepared, unfit=known)


def _laws(document: Document, operations: tuple[Operation, ...]) -> tuple[Law, ...]:
    from troth.openapi import reader

    return reader.laws_between(document, operations)


def _members(
    document: Document, schemas: Callable[[], Schemas], outline: Outline
) -> dict[str, Any]:
    from troth.openapi import reader

    return reader.members(document, schemas(), outline)


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """What *make* makes, made by the first of any threads that asks."""
    lock = threading.RLock()
    made: list[T] = []

    def get() -> T:
        with lock:
            if not made:
                made.append(make())
        return made[0]

    return get
