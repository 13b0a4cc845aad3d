"""A case: one request of a run, and what the document says of it beforehand.

A request's Authorization (or whatever field carries the secret) holds the placeholder
`strategies.CREDENTIAL`; `strategies.with_credential` puts the secret in when it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

from troth.generation import requests
from troth.generation.locations import locations
from troth.generation.raw_json import Written, read, write
from troth.generation.request_writer import assemble, body_type
from troth.generation.requests import Composition
from troth.generation.source import Smallest
from troth.generation.values import Unsatisfiable, generator_of
from troth.http import json_text
from troth.http.exchange import Exchange, Request
from troth.openapi.contract import Contract, NoSuchOperation
from troth.openapi.operation import Operation
from troth.schema.schema import Schema, Schemas
from troth.validation import validator

Intent = Literal["valid", "invalid", "either"]
Legal = Literal["computed", "either-if-valid", "either"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One request to send, and what is known of it.

    *id* is readable and the same in every run.  *phase* is `deck`, `boundary`, `transport` or
    `random`.  *operation* is the operation's name ("" for a request to no operation).  *intent*
    says whether the effective document accepts the request, *published_intent* whether the
    document as published does; `either` where a server may do both (it may cap what costs it, an
    RFC leaves it open).  *about* says what the case is for.  *laws* are the ids of those that it
    was built for.  *value* is the body's JSON value as a reader sees it, None without one.

    A case that *needs* the answers of others is a plan: `derive` makes the case to send of the
    JSON bodies (a stream's fold) of their 2xx answers, by case id, or None when they do not serve.
    """

    id: str
    phase: str
    operation: str
    request: Request
    intent: Intent = "valid"
    published_intent: Intent = "valid"
    about: str = ""
    laws: tuple[str, ...] = ()
    value: Any = None
    needs: tuple[str, ...] = ()
    derive: Callable[[Mapping[str, Any]], Case | None] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One operation under test, and what its cases are made of.

    *parameters* are valid values for those that are required.  *fault* says why there can be no
    valid request; there are no cases then.  *second* is the body's schema in the overlaid document
    where the published one is under test.
    """

    contract: Contract
    operation: Operation
    made: Composition | None
    published: Schema | None
    is_published: bool
    parameters: Mapping[tuple[str, str], Any]
    fault: str = ""
    second: Schema | None = None

    @property
    def slug(self) -> str:
        """How ids call the operation."""
        return slug(self.operation.operation_id or self.operation.name)

    @property
    def minimal(self) -> Any:
        """The minimal valid body, None where there is no body."""
        return self.made.minimal if self.made else None

    def request(self, value: Any) -> Request:
        """The request with the body *value*, which may hold `Written` texts."""
        if self.made is None:
            return assemble(self.operation, parameters=self.parameters)
        entry = body_type(self.operation)
        if entry is not None and entry.is_json:
            return assemble(self.operation, parameters=self.parameters, raw=write(value))
        return assemble(self.operation, parameters=self.parameters, body=read(value))

    def case(
        self,
        phase: str,
        name: str,
        value: Any,
        *,
        about: str,
        legal: Legal = "computed",
        laws: tuple[str, ...] = (),
    ) -> Case:
        """The case that sends *value*; whether it is valid is computed under both documents."""
        seen = read(value) if _writes(value) else value
        effective = self.intent(self.made.schema if self.made else None, seen, legal)
        published = self.intent(self.published, seen, legal)
        if not self.is_published:
            published = "either"
        if effective == "valid" and self.made is not None and not self.made.usual(seen):
            effective = "either"
        request = self.request(value)
        if legal == "computed" and self.made is not None and not self.is_json:
            effective, published = self.as_sent(request, effective, published)
        if effective == "either" and published == "valid":
            published = "either"
        return Case(
            id=f"{phase}/{self.slug}/{name}",
            phase=phase,
            operation=self.operation.name,
            request=request,
            intent=effective,
            published_intent=published,
            about=about,
            laws=laws,
            value=seen,
        )

    @property
    def is_json(self) -> bool:
        """Whether the body is sent as JSON, where every value is what it was."""
        entry = body_type(self.operation)
        return entry is not None and entry.is_json

    def as_sent(
        self, request: Request, effective: Intent, published: Intent
    ) -> tuple[Intent, Intent]:
        """Both intents for a body that is a form or a text: a 7 may be read as "7" again.

        Where the validator reads the request otherwise than the schema reads the value, nobody is
        to be accused of either.
        """
        read_as: Intent = "valid"
        for found in validator.validate(self.contract, Exchange(request)):
            if found.severity == "error" and found.location.startswith("request"):
                read_as = "invalid"
        if read_as != effective:
            return "either", "either"
        return effective, published

    def intent(self, schema: Schema | None, value: Any, legal: Legal) -> Intent:
        """Whether *schema* accepts *value*, and a server may then do otherwise."""
        if legal == "either":
            return "either"
        if schema is None:
            return "valid"
        try:
            accepted = schema.is_valid(value)
        except (ValueError, UnicodeError):
            # A lone surrogate, or more depth than a validator takes: no verdict, no accusation.
            return "either"
        if not accepted:
            return "invalid"
        priced = (schema, self.second) if self.second else (schema,)
        large = legal == "either-if-valid" or any(costly(one, value) for one in priced)
        return "either" if large else "valid"


def costly(schema: Schema, value: Any) -> bool:
    """Whether *value* asks for more than its `x-troth-costs` say that a server must give."""
    priced = _priced(schema.schemas)
    if not priced or not _exceeds(value, priced):
        return False
    graph = generator_of(schema).graph
    return any(
        isinstance(place.value, (int, float)) and place.value > min(place.shape.costs)
        for place in locations(graph, (schema.prepared,), value)
        if place.shape.costs
    )


_prices: WeakKeyDictionary[Schemas, float] = WeakKeyDictionary()


def _priced(schemas: Schemas) -> float:
    """The least `x-troth-costs` of a document, 0 without any."""
    if schemas not in _prices:
        found: list[float] = []
        waiting = [schemas.prepared.root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                cost = node.get("x-troth-costs")
                found += [cost] if isinstance(cost, (int, float)) else []
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)
        _prices[schemas] = min(found, default=0)
    return _prices[schemas]


def _exceeds(value: Any, least: float) -> bool:
    """Whether there is a number beyond *least* anywhere in *value*: a quick no for most."""
    if isinstance(value, dict):
        return any(_exceeds(item, least) for item in value.values())
    if isinstance(value, list):
        return any(_exceeds(item, least) for item in value[:1000])
    return isinstance(value, (int, float)) and value > least


def subject(
    contract: Contract,
    operation: Operation,
    *,
    overrides: Mapping[str, Any] | None = None,
    second: Contract | None = None,
) -> Subject:
    """What the cases of *operation* are made of; *overrides* are in every body.

    *second* is the overlaid document where *contract* is as published: it says what the parts of a
    request are, and what a server may cap, which nobody could know from the published one.
    """
    fault = ""
    marked = _same(second, operation)
    try:
        made = requests.composition(operation, overrides=overrides, marked=marked)
    except Unsatisfiable as error:
        made, fault = None, str(error)
    published = _same(contract.published, operation)
    return Subject(
        contract=contract,
        operation=operation,
        made=made,
        published=requests.body_schema(published) if published else None,
        is_published=published is not None,
        parameters=requests.parameters(operation, Smallest()) if not fault else {},
        fault=fault,
        second=requests.body_schema(marked) if marked else None,
    )


def _same(contract: Contract | None, operation: Operation) -> Operation | None:
    """The operation of *contract* that has the same method and path, if there is one."""
    try:
        return contract.operation(operation.name) if contract else None
    except NoSuchOperation:
        return None


def deduplicated(cases: list[Case]) -> list[Case]:
    """*cases* without those that send what an earlier one sends, whose laws it then serves too."""
    kept: dict[Any, Case] = {}
    ids: dict[str, int] = {}
    for case in cases:
        key = (case.derive, case.id) if case.derive else sent(case)
        first = kept.get(key)
        if first is None:
            count = ids[case.id] = ids.get(case.id, 0) + 1
            kept[key] = case if count == 1 else replace(case, id=f"{case.id}-{count}")
        elif set(case.laws) - set(first.laws):
            laws = tuple(dict.fromkeys(first.laws + case.laws))
            kept[key] = replace(first, laws=laws)
    return list(kept.values())


def sent(case: Case) -> tuple[Any, ...]:
    """What two cases share when they send the same: order of members and white space aside."""
    request = case.request
    body: bytes = request.body
    if case.phase not in ("protocol",) and case.value is not None:
        plain = write(case.value) if not _unwritable(case.value) else body
        if plain == request.body:
            body = json_text.canonical(case.value)
    return (request.method, request.target, tuple(sorted(request.fields)), body)


def _unwritable(value: Any) -> bool:
    try:
        json_text.encode(value)
    except (ValueError, UnicodeError, TypeError, OverflowError, RecursionError):
        return True
    return False


def _writes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_writes, value.values()))
    if isinstance(value, list):
        return any(map(_writes, value))
    return isinstance(value, Written)


def slug(text: str) -> str:
    """*text* as a part of an id: letters, digits, and `-` for the rest."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-") or "root"
