"""What the query parameters of a list do, and of a change, told from their names and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from troth import pointer as pointers
from troth.openapi.envelopes import attributes_in
from troth.openapi.names import in_singular, named, words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resource import Listing
from troth.openapi.schema_view import View, fits, of_parameter

_Words = tuple[str, ...]


#: The usual names, in words, the likeliest first.
_LIMITS = named(
    "limit per_page page_size max_results page_limit results_per_page items_per_page hits_per_page"
    " size take top max_items max_page_size rows count first"
)
_OFFSETS = named("offset skip start_index start page_offset start_at from")
_PAGES = named("page page_number page_no page_index current_page p")
_CURSORS = named(
    "cursor after starting_after page_token next_token continuation_token next_page_token continue"
    " iterator marker page_cursor page_after after_cursor start_cursor pagination_token"
    " last_evaluated_key next since_id from next_cursor"
)
#: Where a list goes on, or goes back from, and nothing else: an item of it, or a page's token.
_PLACES = named(
    "starting_after ending_before after_cursor before_cursor page_after page_before after_id"
    " before_id start_cursor end_cursor"
)
_SORTS = named("sort sort_by order_by orderby ordering sort_field sort_key sorting order")
_ORDERS = named("order direction sort_order sort_direction sort_dir order_direction dir sort_type")
SEARCHES = named(
    "q query search search_term keyword keywords term search_query text filter_q filter_query"
    " filter_search"
)
_NEXTS = named(
    "next_cursor next_page_token next_token end_cursor continuation_token next_page next_url next"
    " next_link continue cursor iterator after next_page_url next_marker next_page_uri next_uri"
)
_TOTALS = named(
    "total total_count total_size total_items total_results total_elements total_records total_hits"
    " estimated_total_hits count"
)
_PAGE_COUNTS = named("total_pages page_count pages num_pages number_of_pages last_page pages_count")
_MORES = named("has_more has_next has_next_page more is_truncated truncated has_more_items")
#: Words that say that what is listed has at least that much of a member, or at the most.
_LEAST = frozenset({"min", "minimum", "gte", "ge", "gt", "after", "since", "from"})
_MOST = frozenset({"max", "maximum", "lte", "le", "lt", "before", "until", "to"})
#: Words at the end of the name of a moment that its bounds go without: `created_after` of this.
_MOMENTS = frozenset({"at", "on", "time", "date"})
_MASKS = named("update_mask field_mask")
#: What is a parameter of every list, and no filter even where an item has such a member.
_SELECTIONS = frozenset(named("fields include expand embed select includes expands"))
_NO_FILTERS = _SELECTIONS | frozenset(named("format locale lang language pretty"))


def of(operation: Operation, item: View | None, answer: View | None) -> Listing:
    """What the query parameters of a list do; *item* is one of its items, *answer* its body."""
    given = {each.name: each for each in operation.parameters if each.location == "query"}
    free = dict(given)

    def taken(names: Iterable[_Words], *types: str) -> str | None:
        for words in names:
            for name, parameter in free.items():
                if words_of(name) == words and _is_of(parameter, *types):
                    del free[name]
                    return name
        return None

    limit = taken(_LIMITS, "integer", "number")
    page = taken(_PAGES, "integer", "number")
    offset = taken(_OFFSETS, "integer", "number")
    cursor = taken([each for each in _CURSORS if each != ("next",)], "string")
    order = next((name for name in free if words_of(name) in _ORDERS and _ways(free[name])), None)
    free.pop(order or "", None)
    return Listing(
        limit=limit,
        offset=offset,
        page=page,
        cursor=cursor,
        next=_place(answer, _NEXTS, "string"),
        total=_place(answer, _TOTALS, "integer", "number"),
        pages=_place(answer, _PAGE_COUNTS, "integer", "number"),
        more=_place(answer, _MORES, "boolean"),
        sort=taken(_SORTS, "string", "array"),
        order=order,
        search=taken(SEARCHES, "string"),
        filters=_filters(free.values(), item),
        least=_bounds(free.values(), item, _LEAST),
        most=_bounds(free.values(), item, _MOST),
    )


def is_cursor(parameter: Parameter) -> bool:
    """Whether *parameter* can only be a place that an answer has given before: a page's token."""
    words = words_of(parameter.name)
    is_token = words in _CURSORS and words[-1] in ("cursor", "token")
    return (is_token or words in _PLACES) and _is_of(parameter, "string")


def begins_after(listing: Listing) -> bool:
    """Whether a page of *listing* is asked for by the item before it (`starting_after`)."""
    words = words_of(listing.cursor or "")
    return listing.next is None and words in _PLACES and "after" in words


def is_selection(name: str) -> bool:
    """Whether what is called *name* chooses what an answer shows, by names that the server knows.

    Where no schema has them, nobody else does.
    """
    return words_of(name) in _SELECTIONS


def steers(name: str) -> bool:
    """Whether a query parameter called *name* says how a list is shown, and not what is in it."""
    words = words_of(name)
    return words in _NO_FILTERS or any(
        words in names for names in (_LIMITS, _OFFSETS, _PAGES, _CURSORS, _SORTS, _ORDERS, SEARCHES)
    )


def field_mask(operation: Operation) -> Parameter | None:
    """The query parameter that names the members which a change is to touch (`update_mask`)."""
    in_query = (each for each in operation.parameters if each.location == "query")
    return next((each for each in in_query if words_of(each.name) in _MASKS), None)


def is_total(name: str) -> bool:
    """Whether a header field called *name* tells how many items there are in all."""
    words = words_of(name)
    return (words[1:] if words[:1] == ("x",) else words) in _TOTALS


def _is_of(parameter: Parameter, *types: str) -> bool:
    view = of_parameter(parameter)
    if view is None or not view.types:
        return True
    return bool(view.types & set(types)) and not view.formats & {"date", "date-time"}


def _ways(parameter: Parameter) -> bool:
    """Whether the values of *parameter* are the two ways in which a list may be sorted."""
    view = of_parameter(parameter)
    texts = {str(value).lower() for value in view.values} if view is not None else set()
    return bool(texts) and all(text.startswith(("asc", "desc")) for text in texts)


def _place(answer: View | None, names: Iterable[_Words], *types: str) -> str | None:
    """Where *answer* has a member of one of *names*, outside of its items."""
    if answer is None:
        return None
    places = [
        (words_of(_plain(pointers.split(at)[-1])), at)
        for at, each in answer.inner(3)
        if each.is_scalar and (not each.types or each.types & set(types))
    ]
    links = named("next next_page")
    inner = [
        (words_of(pointers.split(at)[-2]), at)
        for at, each in answer.inner(3)
        if at.endswith("/href") and at.count("/") > 1 and "string" in types
    ]
    for words in names:
        found = next((at for name, at in places if name == words), None)
        found = found or next((at for name, at in inner if words in links and name == words), None)
        if found is not None and (words != ("count",) or _is_page_of_pages(answer, found)):
            return found
    return None


def _plain(name: str) -> str:
    """*name* without the prefix of an annotation, as in `@odata.nextLink`."""
    return name.rpartition(".")[2] if name.startswith("@") else name


def _is_page_of_pages(answer: View, at: str) -> bool:
    """Whether a `count` is that of all items: beside `next` and `previous`, or as OData has it."""
    if pointers.split(at)[-1].startswith("@"):
        return True
    beside = answer.at(at.rpartition("/")[0])
    return beside is not None and {"next", "previous"} <= beside.members.keys()


def _filters(free: Iterable[Parameter], item: View | None) -> dict[str, str]:
    """The parameters that have the name, or that of many, of a member that an item has."""
    found: dict[str, str] = {}
    members = _members(item)
    for parameter in free:
        words = _asked(parameter)
        if not words or words in _NO_FILTERS:
            continue
        view = of_parameter(parameter)
        value = view.item if view is not None and view.item is not None else view
        one = in_singular(words)
        for name, at, each in members:
            if name not in (words, one) and (each.item is None or in_singular(name) != words):
                continue
            own = each.item if each.item is not None else each
            if own.has_scalars and fits(own, value):
                found[parameter.name] = at
                break
    return found


def _bounds(
    free: Iterable[Parameter], item: View | None, bounding: frozenset[str]
) -> dict[str, str]:
    """The parameters that name a member of an item beside one of the words *bounding* it."""
    found: dict[str, str] = {}
    members = [one for one in _members(item) if one[2].is_scalar and one[2].types != {"boolean"}]
    for called, words, view in _named(free):
        ways = [words[1:]] if words[:1] and words[0] in bounding else []
        ways += [words[:-1]] if words[-1:] and words[-1] in bounding else []
        for name, at, each in members:
            bare = name[:-1] if name[-1:] and name[-1] in _MOMENTS else name
            if any(way and way in (name, bare) for way in ways) and fits(each, view):
                found[called] = at
                break
    return found


def _named(free: Iterable[Parameter]) -> Iterator[tuple[str, _Words, View | None]]:
    """What each of *free* parameters is called, its words, and what it may be.

    A member of an object is one by itself, as `deepObject` writes it: `created[gte]`.
    """
    for parameter in free:
        view, words = of_parameter(parameter), _asked(parameter)
        yield parameter.name, words, view
        for name, member in view.members.items() if view is not None else ():
            yield f"{parameter.name}[{name}]", (*words, *words_of(name)), member


def _asked(parameter: Parameter) -> _Words:
    """What *parameter* is called, without the `filter` that many have before it."""
    words = words_of(parameter.name)
    return words[1:] if len(words) > 1 and words[0] in ("filter", "filters") else words


def _members(item: View | None) -> list[tuple[_Words, str, View]]:
    """The members of *item*, those of what it has inside, and of what it has apart, by words."""
    if item is None:
        return []
    members = [(words_of(" ".join(pointers.split(at))), at, each) for at, each in item.inner(2)]
    apart = attributes_in(item)
    inner = item.at(apart) if apart else None
    for member, each in inner.members.items() if inner is not None else ():
        members.append((words_of(member), pointers.join(apart, member), each))
    return members
