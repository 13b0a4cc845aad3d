"""How much of a document troth takes in."""

from __future__ import annotations

from dataclasses import dataclass

#: Digits of one number: more than any number that a description means, fewer than the 4,300 at
#: which Python refuses to convert.
MAX_NUMBER_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one file, and of the tree that it stands for.

    *bytes* of the file; *depth* of nesting; *amplification*: how many times larger than the text
    its aliases may make the tree.  The ratio is bounded and not the size, so a large honest file
    loads; a tree below *free_nodes* is never refused.
    """

    bytes: int = 64 << 20
    depth: int = 200
    amplification: int = 10
    free_nodes: int = 20_000
