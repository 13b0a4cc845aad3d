"""Where an item, an array of items or an identifier stands in a body, told from its schema.

Bodies hold things in envelopes of many names; what the document says of an item elsewhere decides
first, then the names that envelopes usually have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from troth import pointer as pointers
from troth.openapi.names import in_singular, is_word_of, named, words_of
from troth.openapi.operation import DeclaredResponse, Operation
from troth.openapi.schema_view import View, alike, fits, of_content

#: Members that hold one item, and arrays of them, in the words of their names.
_ITEM_NAMES = frozenset(
    named("data item result resource object payload entity record value response body content")
)
_ARRAY_NAMES = frozenset(
    named(
        "data items results records entries values content contents list rows objects elements"
        " value resources collection nodes entities result page member members"
    )
)
#: Words of what beside an array tells of pages only, so that the array is what it is all about.
_PAGING = frozenset(
    word
    for words in named(
        "total count page pages per size limit offset skip next previous prev first last cursor"
        " has more links link meta metadata pagination paging object kind api version status"
        " success done iterator url self href start end number elements empty sort took time"
        " type results request remaining found matched updated"
    )
    for word in words
)
#: What identifies a thing where its path calls it by its own name or by one of the first seven.
_IDENTIFIERS = named(
    "id uuid uid guid identifier key pk slug code name number sid handle ref urn arn hash title"
)
_USUAL = _IDENTIFIERS[:7]
#: Objects in which all stands that is told of an item, and words of what may stand beside them.
APART = ("attributes", "properties", "fields", "data")
_BESIDE = frozenset(
    [
        *("id", "uuid", "key", "type", "kind", "links", "link", "self", "href", "meta", "metadata"),
        *("relationships", "geometry", "bbox", "etag", "version", "created", "updated", "modified"),
    ]
)
#: Objects in which what is told of an item may stand, its identifier among it.
_HEADS = ("metadata", "meta", "sys", "attributes", "header", "properties", "info")


def successes(operation: Operation) -> Iterator[DeclaredResponse]:
    """The answers of *operation* that tell of success; `default` where it declares none."""
    found = [each for each in operation.responses if each.status[0] == "2"]
    default = [each for each in operation.responses if each.status == "default"]
    yield from found or default


def answer(operation: Operation) -> View | None:
    """What *operation* answers with when it succeeds; of several bodies the first."""
    views = (of_content(response.content) for response in successes(operation))
    return next(filter(None, views), None)


def is_untold(view: View) -> bool:
    """Whether *view* says nothing of what there is."""
    return not view.types and not view.members


def usual_identifier(parameter: str) -> str:
    """Where items that the document says nothing of have what the path calls *parameter*."""
    last = words_of(parameter)[-1:]
    return pointers.join("", last[0] if last in _USUAL else parameter)


def array_in(view: View, word: str, *, known: View | None = None) -> tuple[str, View] | None:
    """The array of items in *view*, a list of *word*, and where it stands; None if it has none.

    *known* is what an item is, where the document says so elsewhere.
    """
    if view.is_array:
        is_told = known is not None or (view.item is not None and view.item.is_object)
        return ("", view) if is_told else None
    arrays = [
        (at, each)
        for at, each in view.inner(2)
        if each.is_array and (each.item is None or each.item.is_object or not each.item.types)
    ]
    if known is not None:
        for at, each in arrays:
            if each.item is not None and alike(each.item, known):
                return at, each
    told = [pair for pair in arrays if is_word_of(_name(pair[0]), word)]
    told += [pair for pair in arrays if words_of(_name(pair[0])) in _ARRAY_NAMES]
    if told:
        return told[0]
    others = view.members.keys() - {pointers.split(at)[0] for at, _ in arrays}
    is_page = all(set(words_of(name)) & _PAGING for name in others)
    return arrays[0] if len(arrays) == 1 and is_page else None


def map_in(view: View, word: str, *, known: View | None) -> str | None:
    """Where *view*, a list of *word*, has an object of items as is *known*, called as they are."""
    for at, each in [("", view), *view.inner(2)]:
        item = each.entries if not each.members else None
        is_named = not at or is_word_of(_name(at), word) or words_of(_name(at)) in _ARRAY_NAMES
        if item is not None and known is not None and is_named and alike(item, known):
            return at
    return None


def is_map(response: DeclaredResponse, at: str) -> bool:
    """Whether *response* declares an object of things by name at *at*."""
    view = of_content(response.content)
    held = view.at(at) if view is not None and at else view
    return held is not None and held.entries is not None and not held.is_array and not held.members


def item_in(view: View, parameter: str, word: str, *, known: View | None = None) -> str | None:
    """Where the item stands in *view*, an answer about one of *word*; None if it holds none."""
    if not view.is_object:
        return None
    if known is not None and alike(view, known):
        return ""
    inner = [(at, each) for at, each in view.inner(1) if each.is_object]
    for at, each in inner if known is not None else ():
        if known is not None and alike(each, known):
            return at
    if identifier_in(view, parameter, word) is not None:
        return ""
    return next((at for at, _ in inner if _is_envelope(at, word)), "")


def sent_in(view: View, word: str, known: View | None) -> str:
    """Where the item stands in *view*, the body of a request about one of *word*."""
    if known is not None and len(view.members) > 1 and alike(view, known):
        return ""
    inner = [(at, each) for at, each in view.inner(1) if each.is_object]
    if len(view.members) == 1 and inner and _is_envelope(inner[0][0], word):
        return inner[0][0]
    needed = view.required
    for at, each in inner:
        if needed == {at[1:]} and known is not None and alike(each, known):
            return at
    return ""


#: Words of a request that makes many things, and those that say that it does something else.
_MANY = frozenset(
    word
    for words in named("bulk batch many multiple mass multi list array create add insert import")
    for word in words
)
_OTHERWISE = frozenset(
    word
    for words in named(
        "get fetch read show search query find filter lookup export count update edit patch"
        " replace move set delete remove destroy purge archive restore reorder sort check"
        " validate verify preview estimate calculate compare match cancel"
    )
    for word in words
)
_MAKES = frozenset({"create", "add", "insert", "import"})


def many_sent(operation: Operation, word: str, item: View) -> str | None:
    """Where *operation*, a POST, is sent many things of *word* to make, such as *item*; None: none.

    They are the body, or its only array of objects; at the collection, or below it under a name
    that says so.
    """
    sent = of_content(operation.request_body.content) if operation.request_body else None
    last = operation.path.partition("?")[0].rstrip("/").rsplit("/", 1)[-1].rpartition(":")[2]
    own = frozenset(words_of(last))
    said = own | frozenset(words_of(operation.operation_id or ""))
    is_other = not _OTHERWISE.isdisjoint(said) and _MAKES.isdisjoint(said)
    if sent is None or operation.method != "POST" or is_other:
        return None
    if not is_word_of(last, word) and _MANY.isdisjoint(own):
        return None
    if sent.item is not None and "array" in sent.types:
        return "" if _is_sent_as(sent.item, item) else None
    arrays = [
        (at, each.item)
        for at, each in sent.inner(1)
        if each.is_array and each.item is not None and each.item.is_object
    ]
    # a comment may hold others
    is_many = len(arrays) == 1 and not alike(sent, item) and _is_sent_as(arrays[0][1], item)
    return arrays[0][0] if is_many else None


def many_made(operations: Iterable[Operation], word: str) -> View | None:
    """What the things of *word* are that one of *operations* makes many of and tells, if any."""
    for operation in operations:
        view = answer(operation)
        found = array_in(view, word) if view is not None else None
        item = found[1].item if found is not None else None
        if item is not None and many_sent(operation, word, item) is not None:
            return item
    return None


def _is_sent_as(sent: View, item: View) -> bool:
    """Whether *sent* has what is told of a thing such as *item*, and not only what it is called."""
    told = {name for name in sent.members if words_of(name) not in _USUAL}
    is_part = sent.members.keys() <= item.members.keys()
    return sent.is_object and bool(told) and (is_part or alike(sent, item))


def many_told(view: View, word: str, item: View, identifier: str | None) -> str | None:
    """Where *view*, the answer to who sent many things of *word*, has an array of them."""
    is_whole = view.item is not None and "array" in view.types
    at, array = ("", view) if is_whole else array_in(view, word, known=item) or ("", view)
    if array.item is None:
        return None
    is_called = identifier is not None and array.item.at(identifier) is not None
    return at if is_called or alike(array.item, item) else None


def attributes_in(view: View) -> str:
    """Where *view*, an item, has what is told of it: apart from what it is called by, or "".

    A resource object of JSON:API has it in its attributes, a feature of GeoJSON in properties.
    """
    for name in APART:
        inner = view.members.get(name)
        if inner is None or not inner.is_object or not inner.members:
            continue
        if "type" in view.members and name == "attributes":
            return f"/{name}"
        if all(set(words_of(each)) & _BESIDE for each in view.members.keys() - {name}):
            return f"/{name}"
    return ""


def is_bare(sent: View | None, item: View | None) -> bool:
    """Whether *sent*, of a request, holds members of *item* only that it has apart.

    What the item does not have (a file that is sent) may be beside them.
    """
    apart = attributes_in(item) if item is not None else ""
    inner = item.at(apart) if item is not None and apart else None
    if sent is None or inner is None or item is None:
        return False
    return sent.members.keys().isdisjoint(item.members) and not sent.members.keys().isdisjoint(
        inner.members
    )


def _is_envelope(at: str, word: str) -> bool:
    return words_of(_name(at)) in _ITEM_NAMES or is_word_of(_name(at), word)


def _name(at: str) -> str:
    return pointers.split(at)[-1]


def identifier_in(
    view: View, parameter: str, word: str, declared: View | None = None
) -> str | None:
    """Which member of *view*, one of *word*, the path calls *parameter*; None where none is.

    *declared* is what the document says of the parameter.
    """
    own = [(at, each) for at, each in view.inner(1) if each.is_scalar]
    if declared is not None and "/components/schemas/" in declared.target:
        same = [at for at, each in own if each.target == declared.target]
        if len(same) == 1:
            return same[0]
    within = [
        (pointers.join("", head) + at, each)
        for head in _HEADS
        if head in view.members
        for at, each in view.members[head].inner(1)
        if each.is_scalar
    ]
    wanted = _wanted(words_of(parameter), in_singular(words_of(word)))
    for candidates in (own, within):
        by_words = [(words_of(_name(at)), at, each) for at, each in candidates]
        for is_strict in (True, False):
            for words in wanted:
                for name, at, each in by_words:
                    if name == words and _is_of_type(each, declared, is_strict=is_strict):
                        return at
    # whatever its path calls it, a resource object of JSON:API is called by its id
    is_object_of_one = attributes_in(view) == "/attributes" and "type" in view.members
    held = view.members.get("id") if is_object_of_one else None
    return "/id" if held is not None and _is_of_type(held, declared, is_strict=True) else None


def _is_of_type(member: View, declared: View | None, *, is_strict: bool) -> bool:
    if not is_strict or declared is None:
        return fits(member, declared)
    return not member.types or not declared.types or bool(member.types & declared.types)


def _is_short_for(parameter: tuple[str, ...], word: str) -> bool:
    """Whether *parameter* has letters of *word*, its first one first: `ns`, `org`, `u` of users."""
    if len(parameter) != 1 or not word.startswith(parameter[0][0]):
        return False
    letters = iter(word)
    return all(letter in letters for letter in parameter[0])


def _wanted(parameter: tuple[str, ...], word: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The names, in words, under which the identifier may go, the likeliest first."""
    ways: list[list[str]] = [[]]
    for each in parameter:
        if each == "or":
            ways.append([])
        else:
            ways[-1].append(each)
    found: list[tuple[str, ...]] = []
    for way in ways:
        found += [tuple(way[start:]) for start in range(len(way))]
    own = in_singular(parameter)
    is_own_name = bool(word) and (
        own[-1:] == word[-1:] or set(own) < set(word) or _is_short_for(parameter, "".join(word))
    )
    if own == word:
        # a `promotion_code` is a thing, and its `code` is not what it is called by
        found = found[:1]
    is_short = parameter[-1:] != () and parameter[-1].endswith("id")  # `pid` of a project
    if is_own_name or is_short or parameter[-1:] in _USUAL:
        found += _USUAL
        found += [(*word, *each) for each in _USUAL]
    # what is called `id` in the path is no name; what is called by what it is may be
    return found + list(_IDENTIFIERS[7:] if is_own_name else ())
