"""How the items of a stream fold into one body: the rules of `x-troth-assembly`, and the fold.

spec/README.md documents the vocabulary.  The fold is pure and total: items that do not fit the
rules (a string where an object was due) contribute what they can and never raise, because the
items' own schema reports the misfit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["last", "first", "concatenate", "append", "drop", "const", "merge", "keyed"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How the values that one member has in successive items become one value.

    `last`/`first`: that value; `concatenate`: strings joined; `append`: arrays joined; `drop`:
    nothing; `const`: *value*, whatever came; `merge`: an object, member by member (*members*);
    `keyed`: an array whose entries with the same *key* member are one entry, in order of the key,
    each merged by *members*; the key itself stays in the entry unless *drops_key*.
    null contributes nothing, and a member that was never anything else is absent from the body.
    *name* is the member's name in the body, where that differs (`as`).
    """

    how: How = "last"
    name: str | None = None
    value: Any = None
    key: str | None = None
    drops_key: bool = False
    members: Mapping[str, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assembly:
    """The rules of one stream: *body* is the content type of the response that it folds to."""

    body: str
    members: Mapping[str, Rule]
    pointer: str
