"""Vectors that stand for texts, where `x-troth-embedding` says that an operation gives such.

A text is the sum of its words, its pairs of words and the beginnings, ends and middles of words,
each with a direction of its own that a hash gives.  So texts that share words, or words that look
alike, have vectors that are alike, the same text always has the same one, and a shorter vector is
the beginning of a longer one.  What a word means nobody here knows.
"""

from __future__ import annotations

import base64
import math
import struct
from collections import Counter
from collections.abc import Iterator
from hashlib import shake_128
from itertools import pairwise
from typing import Any

from troth import pointer
from troth.generation.values import Unsatisfiable, fit
from troth.openapi.chat_completion import Embedding
from troth.openapi.operation import MediaType
from troth.pointer import put
from troth.seed import Seed
from troth_mock.chat.corpus import STOP_WORDS
from troth_mock.chat.request import Refused, whole
from troth_mock.chat.tokens import count
from troth_mock.chat.topics import WORD

#: The most numbers in the vectors of one answer, and in one of them.
MOST_NUMBERS = 3_200_000
MOST_DIMENSIONS = 65_536
#: How much of a text is read, in characters.
READ = 4000
_LONGEST_WORD = 40
#: What counts the vectors, where it is there and the document names no other member.
_INDEX = "/index"
_LANE = 4  # bytes of a number while features are added up


class Embedder:
    """Answers the requests of one operation that *embedding* describes."""

    def __init__(self, embedding: Embedding) -> None:
        self._at = embedding

    def show(self, entry: MediaType, drawn: Any, *, request: Any, seed: Seed) -> Any:
        """*drawn* with the vectors of the texts of *request*.  Raises Refused for too many."""
        at = self._at
        texts, size = self.read(request)
        as_text = self._asked(request, "encoding") == "base64"
        known = pointer.find(drawn, at.response["vectors"])
        like = known[0] if isinstance(known, list) and known else {}
        vectors = []
        for index, text in enumerate(texts):
            numbers = vector(text, size)
            value = _encoded(numbers) if as_text else numbers
            item = put(like, at.vector["embedding"], value)
            if "index" in at.vector:
                item = put(item, at.vector["index"], index)
            vectors.append(item)
        body = put(drawn, at.response["vectors"], vectors)
        model = self._asked(request, "model")
        if "model" in at.response and model is not None:
            body = put(body, at.response["model"], model)
        if "usage" in at.response:
            tokens = sum(map(count, texts))
            counts = {"prompt": tokens, "completion": 0, "total": tokens}
            for part, place in at.usage.items():
                body = put(body, at.response["usage"] + place, counts[part])
        schema = entry.schema
        try:
            if schema is not None and not schema.is_valid(body):
                body = fit(schema, body, seed=seed)
        except Unsatisfiable:
            return drawn
        counted = body if "index" in at.vector else self._counted(body)
        return counted if schema is None or schema.is_valid(counted) else body

    def _counted(self, body: Any) -> Any:
        """*body* with 0, 1, 2 … for what counts the vectors, which was drawn for each alone."""
        vectors = [
            put(item, _INDEX, index) if type(pointer.find(item, _INDEX)) is int else item
            for index, item in enumerate(pointer.find(body, self._at.response["vectors"]))
        ]
        return put(body, self._at.response["vectors"], vectors)

    def read(self, request: Any) -> tuple[list[str], int]:
        """The texts of *request*, and how many numbers the vector of each has.  Raises Refused."""
        texts = _texts(pointer.find(request, self._at.request["input"]))
        return texts, self._size(request, len(texts))

    def _asked(self, request: Any, part: Any) -> Any:
        place = self._at.request.get(part)
        return None if place is None else pointer.find(request, place)

    def _size(self, request: Any, texts: int) -> int:
        asked = self._asked(request, "dimensions")
        at = self._at.request.get("dimensions", self._at.request["input"])
        size = self._at.size if asked is None else whole(asked)
        if size is None or not 1 <= size <= MOST_DIMENSIONS:
            message = f"a vector has 1 to {MOST_DIMENSIONS} dimensions, not {asked!r:.60}"
            raise Refused(message, at)
        if texts * size > MOST_NUMBERS:
            message = f"{texts} vectors of {size} numbers are more than this server gives at once"
            raise Refused(message, self._at.request["input"])
        return size


def vector(text: str, size: int) -> list[float]:
    """The unit vector of *text*, of *size* numbers."""
    total = weights = 0
    for feature, weight in features(text).items():
        # added up as one great number each, in lanes that none of them outgrows
        lanes = bytearray(size * _LANE)
        lanes[::_LANE] = shake_128(feature.encode("utf-8", "surrogatepass")).digest(size)
        total += int.from_bytes(lanes, "little") * weight
        weights += weight
    sums = struct.unpack(f"<{size}I", total.to_bytes(size * _LANE, "little"))
    # a byte is 127.5 on average; doubled, so that all of this is exact
    centred = [2 * each - 255 * weights for each in sums]
    length = math.sqrt(sum(each * each for each in centred))
    # six places: the length is one to a millionth, and an answer of many is of a sane size
    return [round(each / length, 6) for each in centred]


def features(text: str) -> Counter[str]:
    """What *text* is made of, each with its weight: words count more than how they are written."""
    words = [word[:_LONGEST_WORD].casefold() for word in WORD.findall(text[:READ])]
    found: Counter[str] = Counter()
    for word in words:
        if word in STOP_WORDS:
            found[word] += 1
            continue
        found[word] += 3
        for piece in _pieces(word):
            found[piece] += 2
    found.update(f"{before} {after}" for before, after in pairwise(words))
    if not found:
        found[f" {text[:READ]}"] = 1
    return found


def _pieces(word: str) -> Iterator[str]:
    bounded = f"<{word}>"
    return (f"#{bounded[at : at + 3]}" for at in range(len(bounded) - 2))


def _texts(value: Any) -> list[str]:
    """The texts of an input: one, or several, each a string or a list of tokens by number."""
    several = value if isinstance(value, list) else [value]
    if several and all(isinstance(each, int) for each in several):
        several = [several]
    return [
        each if isinstance(each, str) else " ".join(map(str, each if type(each) is list else ()))
        for each in several
    ]


def _encoded(numbers: list[float]) -> str:
    """*numbers* as the base64 of their little-endian floats of four bytes."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
