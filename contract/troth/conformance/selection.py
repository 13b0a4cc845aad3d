"""What of a document is under test, and which findings count: `--only`, `--exclude`, `--safe`.

A word means an operation (by its name or operationId), a tag, a path or a method with a name and
path in it, each of which may have `*` for anything, or else a code of findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from troth.conformance import codes
from troth.conformance.settings import Settings
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation

#: What changes nothing, whatever the document says of it (RFC 9110 §9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Selection:
    """The *operations* under test; findings of *codes* (none: of all) but those *without*."""

    operations: tuple[Operation, ...]
    codes: tuple[str, ...]
    without: tuple[str, ...]

    def wants(self, code: str) -> bool:
        """Whether findings of *code* count."""
        wanted = not self.codes or _is_among(code, self.codes)
        return wanted and not _is_among(code, self.without)


def selection(contract: Contract, settings: Settings) -> Selection:
    """What *settings* choose of *contract*.  A word that means nothing is taken for a code."""
    kept = _Words.of(contract, settings.only)
    left_out = _Words.of(contract, settings.exclude)
    return Selection(
        operations=tuple(
            operation
            for operation in contract.operations
            if (operation.name in kept.operations or not kept.operations)
            and operation.name not in left_out.operations
            and (operation.method in SAFE_METHODS or not settings.safe)
        ),
        codes=kept.codes,
        without=left_out.codes,
    )


def is_known(contract: Contract, word: str) -> bool:
    """Whether *word* means anything in *contract*."""
    return bool(named_by(contract, word)) or codes.is_code(contract, word)


def named_by(contract: Contract, word: str) -> frozenset[str]:
    """The names of the operations that *word* means."""
    return frozenset(one.name for one in contract.operations if _is_meant(one, word))


def names(contract: Contract) -> tuple[str, ...]:
    """Every word for operations of *contract*, for messages."""
    words: dict[str, None] = {}
    for operation in contract.operations:
        own = (operation.name, operation.operation_id, operation.path, operation.method)
        words |= dict.fromkeys(word for word in (*own, *operation.tags) if word)
    return tuple(words)


def _is_meant(operation: Operation, word: str) -> bool:
    if word in (operation.operation_id, operation.name) or word in operation.tags:
        return True
    method, space, path = word.rpartition(" ")
    if space and method.upper() != operation.method:
        return False
    if path.startswith(("/", "*")):
        return re.fullmatch(_glob(path), operation.path) is not None
    return path.upper() == operation.method and not space


def _glob(text: str) -> str:
    return ".*".join(map(re.escape, text.split("*")))


@dataclass(frozen=True, slots=True)
class _Words:
    operations: frozenset[str]
    codes: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract, words: Iterable[str]) -> _Words:
        meant = {word: named_by(contract, word) for word in words}
        return cls(
            frozenset[str]().union(*meant.values()),
            tuple(word for word, operations in meant.items() if not operations),
        )


def _is_among(code: str, codes: tuple[str, ...]) -> bool:
    return any(code == word or code.startswith(word + ".") for word in codes)
