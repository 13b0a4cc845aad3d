"""Names as documents write them: the words of one, and one of what it means many of."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+|[^\W_A-Za-z0-9]+")
_PLURAL_OF_CAPITALS = re.compile(r"([A-Z]{2,})s(?![a-z])")


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of *name* in lower case: of eventName, event_name and event-name the same."""
    text = _PLURAL_OF_CAPITALS.sub(_capitalised, name[:200])
    return tuple(word.lower() for word in _WORD.findall(text))


def named(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of each of the names in *text*, which spaces part."""
    return tuple(words_of(name) for name in text.split())


#: What a key may be called, and what its name may end with beside what it is for.
_KEYS = frozenset({"key", "id", "identifier", "token", "uuid"})


def is_idempotency_key(name: str) -> bool:
    """Whether a header field called *name* has the key of a request that counts once.

    `Idempotency-Key`, `X-Idempotency-Key`, `Idempotent-Key`, `Acme-Idempotency-Token` …
    """
    words = words_of(name)
    at = next((at for at, word in enumerate(words, 1) if word.startswith("idempoten")), 0)
    return at > 0 and (at == len(words) or set(words[at:]) <= _KEYS)


_REGISTERING = frozenset({"register", "registration", "signup"})
#: Words at the end of a path of what creates one of something else.
CREATING = _REGISTERING | {"create", "new", "add"}


def registers(path: str) -> bool:
    """Whether at *path* somebody creates himself: what he may do others decide."""
    return bool(_REGISTERING & set(words_of(path.rstrip("/").rpartition("/")[2])))


_ONE_OF = {
    "people": "person",
    "children": "child",
    "indices": "index",
    "criteria": "criterion",
    "shelves": "shelf",
}
_ONE_OF |= {"leaves": "leaf", "halves": "half", "knives": "knife", "loaves": "loaf"}


def in_singular(words: tuple[str, ...]) -> tuple[str, ...]:
    """*words* for one of what they mean."""
    return (*words[:-1], _ONE_OF.get(words[-1]) or singular(words[-1])) if words else ()


def is_word_of(name: str, word: str) -> bool:
    """Whether *name* and *word* say the same thing, one or many of it."""
    one = in_singular(words_of(name))
    return bool(one) and one == in_singular(words_of(word))


def _capitalised(match: re.Match[str]) -> str:
    return match[1].capitalize() + "s"


@lru_cache(maxsize=4096)
def singular(word: str) -> str:
    """*word* for one of what it means."""
    lower = word.lower()
    if len(word) > 4 and lower.endswith("ies") and lower not in ("series", "species", "movies"):
        return word[:-3] + "y"
    if lower.endswith(("ouses", "auses")):  # a `house`, a `cause`: not as `statuses`
        return word[:-1]
    if lower.endswith(("sses", "shes", "ches", "xes", "uses")):
        return word[:-2]
    if lower.endswith("s") and not lower.endswith(("ss", "us", "is", "series", "species")):
        return word[:-1]
    return word


#: Members that tell of a file how long it is, of what type, and what it is called.
FILE_SIZES = named(
    "size file_size filesize bytes byte_size size_bytes size_in_bytes content_length byte_count"
    " num_bytes content_size byte_length length_bytes"
)
FILE_TYPES = named("content_type media_type mime_type mimetype mime file_type filetype")
FILE_NAMES = named("file_name filename original_name original_filename original_file_name")
