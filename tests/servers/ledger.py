"""A server that lists entries in the way that its document says, with one fault at a time.

Nothing is created: what it has it has from the beginning.  *Ways* are legal ones to be asked for
pages; FAULTS and LEGAL change one thing each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode

import jsonschema_rs

from servers.wire import Answer, Asked

Paging = Literal["offset", "page", "cursor", "link", "none"]

KINDS = ("food", "rent", "food", "travel", "rent", "food", "travel")
ENTRIES: list[dict[str, Any]] = [
    {
        "id": number,
        "kind": kind,
        "payee": payee,
        "amount": amount,
        "paid": number % 3 == 0,
        "labels": [kind[:1]],
    }
    for number, (kind, payee, amount) in enumerate(
        zip(
            KINDS,
            ("Fay", "bob", "Cyd", "ann", "Eve", "dan", "Gus"),
            (9, 10, 102, 30, 7.5, 30, 250),
            strict=True,
        ),
        start=1,
    )
]


@dataclass(frozen=True)
class Way:
    """How pages are asked for, and in what the entries stand."""

    paging: Paging = "offset"
    first_page: int = 1
    total: bool = True
    named: bool = True  # entries have an identifier
    sort: tuple[str, ...] = ("amount", "-amount", "payee", "-payee")
    order: bool = False
    searched: bool = False  # entries are found by their kind, too


def spec(way: Way) -> dict[str, Any]:
    """The document."""
    properties: dict[str, Any] = {
        "kind": {"enum": sorted(set(KINDS))},
        "payee": {"type": "string"},
        "amount": {"type": "number"},
        "paid": {"type": "boolean"},
        "labels": {"type": "array", "items": {"type": "string"}},
    }
    if way.named:
        properties["id"] = {"type": "integer"}
    entry = {"type": "object", "properties": properties}
    about = {"total": {"type": "integer"}, "next": {"type": ["string", "null"]}}
    page = {"type": "object", "properties": {"entries": {"type": "array", "items": entry}, **about}}
    whole: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 50}
    given = {
        "kind": {"enum": sorted(set(KINDS))},
        "payee": {"type": "string"},
        "amount": {"type": "number"},
        "paid": {"type": "boolean"},
        "labels": {"type": "array", "items": {"type": "string"}},
        "min_amount": {"type": "number"},
        "q": {"type": "string"},
        "sort": {"enum": list(way.sort)},
    }
    if way.order:
        given["order"] = {"enum": ["asc", "desc"]}
    steps: dict[str, dict[str, Any]] = {
        "offset": {"limit": whole, "offset": {"type": "integer", "minimum": 0}},
        "page": {"per_page": whole, "page": {"type": "integer", "minimum": 0}},
        "cursor": {"limit": whole, "cursor": {"type": "string"}},
        "link": {"limit": whole},
        "none": {"offset": {"type": "integer"}},
    }
    parameters = [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in {**steps[way.paging], **given}.items()
    ]
    answers = {"200": {"description": "some", "content": {"application/json": {"schema": page}}}}
    failed = {"description": "no", "content": {"application/json": {"schema": {"type": "object"}}}}
    answers |= {"400": failed, "404": failed}
    paths: dict[str, Any] = {"/entries": {"get": {"parameters": parameters, "responses": answers}}}
    if way.searched:
        named = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
        kind = {"name": "kind", "in": "query", "required": True, "schema": given["kind"]}
        one = {"200": {"description": "it", "content": {"application/json": {"schema": entry}}}}
        paths["/entries/{id}"] = {"get": {"parameters": [named], "responses": {**one, **answers}}}
        paths["/entries/find"] = {"get": {"parameters": [kind], "responses": answers}}
    return {"openapi": "3.1.0", "info": {"title": "Ledger", "version": "1"}, "paths": paths}


class Ledger:
    """The server, with what is otherwise, by name."""

    def __init__(self, way: Way, otherwise: str = "") -> None:
        self.way = way
        self.otherwise = otherwise
        self.requests = 0
        parameters = spec(way)["paths"]["/entries"]["get"]["parameters"]
        self.schemas = {each["name"]: each["schema"] for each in parameters}

    def __call__(self, asked: Asked) -> Answer:
        self.requests += 1
        path, _, query = asked.target.partition("?")
        given = {name: texts for name, texts in parse_qs(query).items()}
        if path == "/entries/find":
            kind = None if self.otherwise == "find finds all" else given["kind"][0]
            found = [one for one in ENTRIES if kind in (None, one["kind"])]
            return self.answer(200, {"entries": found})
        if path != "/entries":
            return self.answer(404, {})
        if asked.method != "GET":
            return self.answer(405, {}, Allow="GET")
        if not all(self.is_right(name, texts) for name, texts in given.items()):
            return self.answer(400, {})
        entries = self.ordered(self.chosen(given), given)
        return self.page(entries, given)

    def is_right(self, name: str, texts: list[str]) -> bool:
        schema = self.schemas.get(name)
        if schema is None:
            return True
        if len(texts) > 1 and schema.get("type") != "array":
            return False
        values: list[Any] = texts
        if schema.get("type") in ("integer", "number", "boolean"):
            try:
                values = [json.loads(text) for text in texts]
            except ValueError:
                return False
        whole = values if schema.get("type") == "array" else values[0]
        return jsonschema_rs.is_valid(schema, whole)

    def answer(self, status: int, body: Any, **fields: str) -> Answer:
        head = {"Content-Type": "application/json", **fields}
        return Answer(status, head, [json.dumps(body).encode()])

    def chosen(self, given: dict[str, list[str]]) -> list[dict[str, Any]]:
        found = list(ENTRIES)
        for name in ("kind", "payee", "amount", "paid", "labels"):
            texts = given.get(name)
            if self.otherwise == "paid lets others in" and name == "paid" and texts == ["true"]:
                texts = None
            if self.otherwise == "no is as good as nothing" and texts == ["false"]:
                texts = None
            if texts and self.otherwise != f"{name} is ignored":
                found = [one for one in found if self.matches(one[name], texts[0], name)]
        if "min_amount" in given and self.otherwise != "min_amount is ignored":
            found = [one for one in found if one["amount"] >= float(given["min_amount"][0])]
        if "q" in given and self.otherwise != "q is ignored":
            found = [one for one in found if given["q"][0].lower() in one["payee"].lower()]
        if self.otherwise == "twice":
            found = [*found, found[-1]] if found else found
        return found

    def matches(self, value: Any, text: str, name: str) -> bool:
        if isinstance(value, list):
            return text in value
        if self.otherwise == "amount is a bound" and name == "amount":
            return bool(value >= float(text))
        if self.otherwise == "in part" and isinstance(value, str):
            return text.lower()[:2] in value.lower()
        if self.otherwise == "kind finds nothing" and name == "kind":
            return False
        written = json.dumps(value).strip('"')
        return written == text or (name == "amount" and float(text) == value)

    def ordered(
        self, entries: list[dict[str, Any]], given: dict[str, list[str]]
    ) -> list[dict[str, Any]]:
        if self.otherwise == "in no order" and not given.get("sort"):
            turn = self.requests % len(entries) if entries else 0
            entries = [*entries[turn:], *entries[:turn]]
        by = given.get("sort", [""])[0]
        if not by or self.otherwise == "sort is ignored":
            return entries
        is_down = by.startswith("-") or given.get("order") == ["desc"]
        if self.otherwise == "sort only goes up":
            is_down = False
        if self.otherwise in ("sort goes the other way", "asc goes down"):
            is_down = not is_down
        name = by.removeprefix("-")
        as_text = self.otherwise == "numbers sort as texts" or name == "payee"
        ranks = self.otherwise == "kinds have a rank" and name == "kind"
        folds = self.otherwise != "sorts by code points"

        def key(one: dict[str, Any]) -> Any:
            value = one[name]
            if ranks:
                return ("rent", "travel", "food").index(value)
            return (str(value).lower() if folds else str(value)) if as_text else value

        return sorted(entries, key=key, reverse=is_down)

    def page(self, entries: list[dict[str, Any]], given: dict[str, list[str]]) -> Answer:
        size = int(given.get("limit", given.get("per_page", ["20"]))[0])
        if self.otherwise == "limit is ignored":
            size = 20
        elif self.otherwise == "a page more":
            size += 1
        elif self.otherwise == "capped":
            size = min(size, 2)
        start = self.start(given, size)
        if self.otherwise == "nothing behind the end" and start >= len(entries) > 0:
            return self.answer(404, {})
        if start < 0:
            return self.answer(400, {})
        window, end = entries[start : start + size], start + size
        if self.otherwise == "skips one" and start:
            window = window[1:]
        if not self.way.named:
            window = [{name: one[name] for name in one if name != "id"} for one in window]
        body: dict[str, Any] = {"entries": window}
        total = len(window) if self.otherwise == "total of the page" else len(entries)
        if self.otherwise == "counts no further":
            total = min(total, 5)
        if self.way.total:
            body["total"] = total
        return self.following(body, given, end if end < len(entries) else None)

    def start(self, given: dict[str, list[str]], size: int) -> int:
        if self.otherwise == "always the first":
            return 0
        overlap = 1 if self.otherwise == "overlaps" else 0
        if "page" in given:
            return max(0, (int(given["page"][0]) - self.way.first_page) * size - overlap)
        if "cursor" in given:
            if self.otherwise == "no cursor is taken":
                return -1
            return max(0, int(given["cursor"][0].removeprefix("at-")) - overlap)
        return max(0, int(given.get("offset", ["0"])[0]) - overlap)

    def following(
        self, body: dict[str, Any], given: dict[str, list[str]], end: int | None
    ) -> Answer:
        if self.way.paging == "cursor":
            if self.otherwise == "the cursor never ends":
                end = 1000 if end is None else end
            body["next"] = None if end is None else f"at-{end}"
        if self.way.paging != "link":
            return self.answer(200, body)
        rest = {name: texts[0] for name, texts in given.items() if name != "offset"}
        path = "/entry" if self.otherwise == "the link is dead" else "/entries"
        if self.otherwise == "the link is relative":
            path = ""
        if self.otherwise == "the link is a gateway's":
            path = "https://gateway.test/v2/entries"
        if self.otherwise == "the last links to itself" and end is None:
            rest["offset"] = given.get("offset", ["0"])[0]
            return self.answer(200, body, Link=f'<{path}?{urlencode(rest)}>; rel="next"')
        link = f"{path}?{urlencode({**rest, 'offset': end})}"
        fields = {} if end is None else {"Link": f'<{link}>; rel="next"'}
        return self.answer(200, body, **fields)


#: What is otherwise, the code that tells it, and the way in which it shows.
FAULTS: dict[str, tuple[str, Way]] = {
    "limit is ignored": ("list.limit-ignored", Way()),
    "a page more": ("list.limit-ignored", Way("page")),
    "always the first": ("list.page-repeated", Way()),
    "overlaps": ("list.page-repeated", Way("page")),
    "skips one": ("list.page-skips", Way("cursor")),
    "no cursor is taken": ("list.next-dead", Way("cursor")),
    "the link is dead": ("list.next-dead", Way("link")),
    "the last links to itself": ("list.next-dead", Way("link")),
    "the cursor never ends": ("list.next-dead", Way("cursor")),
    "total of the page": ("list.total-wrong", Way()),
    "twice": ("list.item-repeated", Way()),
    "kind is ignored": ("list.filter-ignored", Way()),
    "paid is ignored": ("list.filter-ignored", Way("none")),
    "payee is ignored": ("list.filter-ignored", Way()),
    "amount is ignored": ("list.filter-ignored", Way()),
    "min_amount is ignored": ("list.filter-ignored", Way()),
    "labels is ignored": ("list.filter-ignored", Way()),
    "find finds all": ("list.filter-ignored", Way(searched=True)),
    "kind finds nothing": ("list.filter-loses", Way()),
    "q is ignored": ("list.search-ignored", Way()),
    "sort is ignored": ("list.order-ignored", Way()),
    "sort only goes up": ("list.order-ignored", Way(sort=("amount",), order=True)),
    "asc goes down": ("list.order-ignored", Way(sort=("amount",), order=True)),
    "numbers sort as texts": ("list.order-ignored", Way(sort=("amount",))),
}
#: What is otherwise, and right.
LEGAL: dict[str, Way] = {
    "": Way(),
    "capped": Way(total=False),
    "counts no further": Way(),
    "in no order": Way("page"),
    "nothing behind the end": Way("page", total=False),
    "amount is a bound": Way("cursor"),
    "in part": Way("link"),
    "sort goes the other way": Way(),
    "sorts by code points": Way(sort=("payee", "payee:desc")),
    "the link is relative": Way("link"),
    "the link is a gateway's": Way("link"),
    "kinds have a rank": Way(sort=("kind", "-kind")),
    "paid lets others in": Way(),
    "no is as good as nothing": Way(),
    "found by kind": Way(searched=True),
    "no names": Way(named=False),
    "pages from zero": Way("page", first_page=0, total=False),
    "pages from zero, counted": Way("page", first_page=0),
    "no pages": Way("none", total=False),
}
