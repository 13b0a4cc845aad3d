"""What a user may say of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = ("examples", "boundary", "protocol", "random", "stateful")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of one answer is read, and how long it is waited for: bytes, events, seconds.

    *idle* is the longest silence inside an answer that has begun; *connect* the time for a
    connection; *seconds* the whole answer's.
    """

    body_bytes: int = 16 * 1024 * 1024
    head_bytes: int = 64 * 1024
    events: int = 20_000
    seconds: float = 30.0
    idle: float = 10.0
    connect: float = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run.

    *token* is the credential that the server takes (None: a placeholder is sent).  *overrides*
    are member values that every request body gets, by JSON Pointer (`/model`).  *without* names
    capabilities (groups of laws) that the server is known to lack.  *only* keeps the cases of
    these operations or the findings of these codes.  *rate* is requests a second, 0 for no limit.
    """

    url: str
    token: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()
    phases: tuple[str, ...] = PHASES
    seed: int = 0
    max_requests: int = 1000
    max_seconds: float = 300.0
    rate: float = 0.0
    workers: int = 1
    strict: bool = False
    caps: Caps = Caps()
    insecure: bool = False
    trust_env: bool = False
    # seconds of Retry-After that are waited for at once; more is not (it is told instead)
    patience: float = 10.0
    # a directory of what showed something in earlier runs, to be sent first in later ones
    database: str | None = None
