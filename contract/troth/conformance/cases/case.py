"""A case: one request of a run, and what the document says of it beforehand.

A subject is the operation that cases are made for, with what its requests are made of.  The
credential of a request is the placeholder `CREDENTIAL` of `generation.request_writer`; `addressed`
puts the user's in its place when the request is sent, so that no case holds a secret.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

from troth.conformance.settings import Settings
from troth.generation import features, requests
from troth.generation.locations import locations
from troth.generation.raw_json import has_written, read, write
from troth.generation.request_writer import (
    UNSET,
    Values,
    assemble,
    body_type,
    whatever,
    with_credential,
)
from troth.generation.requests import Composition
from troth.generation.source import Smallest
from troth.generation.values import Unsatisfiable, generator_of
from troth.http import json_text, media_type
from troth.http.exchange import Exchange, Request, without
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth.schema.schema import Schema, Schemas
from troth.validation import validator

Intent = Literal["valid", "invalid", "either"]
Legal = Literal["computed", "either-if-valid", "either"]

#: What is sent where the user gave no token: many servers take any.
PLACEHOLDER = "troth-placeholder-token"
_REMEMBERED = "remembered-"
#: How the id of a case ends that is repeated on purpose.
AGAIN = "-again"
_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One request to send, and what is known of it.

    *id* is readable and the same in every run.  *phase* is one of `settings.PHASES`.  *operation*
    is the operation's name ("" for a request to no operation).  *intent* says whether the
    effective document accepts the request, *published_intent* whether the document as published
    does; `either` where a server may do both (it may cap what costs it, an RFC leaves it open).
    *about* says what the case is for.  *laws* are the ids of those that it was built for.  *value*
    is the body's JSON value as a reader sees it, None without one.  *parameters* are values, by
    location and name, that the request has for want of real ones: `real_values` may put others in
    their places when it is sent.  *exists* says that what the path names is known to be there,
    since the run has made it: a 404 is then no answer.  *sent* are the values of parameters, by
    location and name, that the request is about.

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
    parameters: Values = field(default_factory=dict, repr=False)
    exists: bool = False
    sent: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    derive: Callable[[Mapping[str, Any]], Case | None] | None = field(default=None, repr=False)

    @property
    def is_remembered(self) -> bool:
        """Whether it is one that showed something in an earlier run."""
        return self.id.rpartition("/")[2].startswith(_REMEMBERED)

    @property
    def is_again(self) -> bool:
        """Whether it is sent though it may have been sent before."""
        return self.is_remembered or self.id.endswith(AGAIN)

    @property
    def is_variable(self) -> bool:
        """Whether its body may be varied: a JSON value that was sent as such."""
        return self.value is not None and self.phase != "protocol" and bool(self.request.body)

    def unsure(self, **changes: Any) -> Case:
        """The case with *changes*, of which nobody knows whether a server takes it."""
        return replace(self, intent="either", published_intent="either", **changes)

    def changed(self, name: str, request: Request, intent: Intent, about: str) -> Case:
        """The case beside this one that sends *request*: *intent* as far as this one is sure."""
        return replace(
            self,
            id=f"{self.id.rpartition('/')[0]}/{name}",
            request=request,
            intent=intent if self.intent != "either" or intent == "invalid" else "either",
            published_intent=(
                intent if self.published_intent != "either" or intent == "invalid" else "either"
            ),
            about=about,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One operation under test, and what its cases are made of.

    *parameters* are valid values for those that are required, those *given* by the user among
    them, *overrides* member values that every body gets.  *fault* says why there can be no valid
    request; there are no cases then.  *second* is the body's schema in the overlaid document where
    the published one is under test.
    """

    contract: Contract
    operation: Operation
    made: Composition | None
    published: Schema | None
    is_published: bool
    parameters: Mapping[tuple[str, str], Any]
    overrides: Mapping[str, Any]
    fault: str = ""
    second: Schema | None = None
    given: Values = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """How ids call the operation."""
        return slug(self.operation.operation_id or self.operation.name)

    @property
    def minimal(self) -> Any:
        """The minimal valid body, None where there is no body."""
        return self.made.minimal if self.made else None

    @property
    def streamed(self) -> Any:
        """The minimal body whose answer is a stream, None where there is none."""
        return self.made.streamed if self.made else None

    def overridden(self, value: Any) -> Any:
        """*value* with the members that a deployment needs, as far as they leave it valid."""
        assert self.made is not None
        return requests.overridden(self.made.schema, value, self.overrides)

    def patched(self, patch: Any) -> Any:
        """The minimal body with the JSON Merge Patch *patch* applied, and the overrides."""
        return self.overridden(merged(self.minimal, patch))

    def streamed_form(self, value: Any) -> Any:
        """*value* as a streamed request, None when it is one already or cannot be."""
        made = self.made
        if made is None or made.streamed is None or features.is_streaming(made.marked, value):
            return None
        factor = next((factor for factor in made.factors if factor.name == "stream"), None)
        if factor is None:
            return None
        streamed = factor.levels[0].build(value, Smallest())
        return streamed if made.valid(streamed) else None

    @property
    def undescribed(self) -> Any:
        """A body where there has to be one and no schema describes it, else the mark of none."""
        declared, entry = self.operation.request_body, body_type(self.operation)
        return whatever(entry) if entry and declared and declared.required else UNSET

    def request(self, value: Any) -> Request:
        """The request with the body *value*, which may hold `Written` texts."""
        if self.made is None:
            return assemble(self.operation, parameters=self.parameters, body=self.undescribed)
        if self.is_json:
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
        seen = read(value) if has_written(value) else value
        effective = self._intent(self.made.schema if self.made else None, seen, legal)
        published = self._intent(self.published, seen, legal)
        if not self.is_published:
            published = "either"
        if effective == "valid" and self.made is not None and not self.made.usual(seen):
            effective = "either"
        request = self.request(value)
        if legal == "computed" and self.made is not None and not self.is_json:
            effective, published = self._as_sent(request, effective, published)
            if effective == "valid" and (_holds_nothing(seen) or not request.body):
                effective = "either"  # many frameworks take what is empty for what is not there
        body = self.operation.request_body
        if seen is None and self.made is not None and body is not None and not body.required:
            effective = published = "either"  # many frameworks take null for no body
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
            parameters=self.parameters,
        )

    def varied(self, case: Case, value: Any) -> Case | None:
        """*case* with the body *value*, or None if the documents then expect something else."""
        candidate = self.case(case.phase, "smaller", value, about=case.about)
        if (candidate.intent, candidate.published_intent) != (case.intent, case.published_intent):
            return None
        return replace(candidate, id=case.id, laws=case.laws)

    def remembered(self, index: int, value: Any) -> Case:
        """The case that sends the body *value*, which showed something in an earlier run."""
        about = "a request that showed something in an earlier run"
        name = f"{_REMEMBERED}{index}"
        return self.case("examples", name, self.overridden(value), about=about)

    @property
    def is_json(self) -> bool:
        """Whether the body is sent as JSON, where every value is what it was."""
        entry = body_type(self.operation)
        return entry is not None and entry.is_json

    @property
    def is_json_patch(self) -> bool:
        """Whether the body is operations on what is there, and not a part of it (RFC 6902)."""
        entry = body_type(self.operation)
        return entry is not None and media_type.essence(entry.content_type) == _JSON_PATCH

    def _as_sent(
        self, request: Request, effective: Intent, published: Intent
    ) -> tuple[Intent, Intent]:
        """Both intents for a body that is a form or a text: a 7 may be read as "7" again.

        Where the validator reads the request otherwise than the schema reads the value, nobody is
        to be accused of either.
        """
        is_broken = any(
            violation.severity == "error" and violation.location.startswith("request")
            for violation in validator.validate(self.contract, Exchange(request))
        )
        if effective != ("invalid" if is_broken else "valid"):
            return "either", "either"
        return effective, published

    def _intent(self, schema: Schema | None, value: Any, legal: Legal) -> Intent:
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
        if schema.leaves_open(value):
            return "either"
        if self.is_json_patch:
            return "either"  # whether it fits what it is for no schema says (RFC 6902 §5)
        large = legal == "either-if-valid" or any(_is_costly(one, value) for one in priced)
        return "either" if large else "valid"


def subject(
    contract: Contract,
    operation: Operation,
    *,
    overrides: Mapping[str, Any] | None = None,
    given: Values | None = None,
    second: Contract | None = None,
) -> Subject:
    """What the cases of *operation* are made of; *overrides* are in every body.

    *given* are the user's values of parameters.  *second* is the overlaid document where *contract*
    is as published: it says what the parts of a request are, and what a server may cap, which
    nobody could know from the published one.
    """
    fault = ""
    parameters: Values = {}
    marked = second.find_operation(operation.name) if second else None
    try:
        made = requests.composition(operation, overrides=overrides, marked=marked)
        parameters = requests.draft(
            *(contract, operation, Smallest()), overrides=overrides, given=given
        ).parameters
    except Unsatisfiable as error:
        made, fault = None, str(error)
    published = contract.published.find_operation(operation.name)
    return Subject(
        contract=contract,
        operation=operation,
        made=made,
        published=requests.body_schema(published) if published else None,
        is_published=published is not None,
        parameters=parameters,
        overrides=overrides or {},
        fault=fault,
        second=requests.body_schema(marked) if marked else None,
        given=given or {},
    )


def merged(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396 §2)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), item)
    return result


def _holds_nothing(value: Any) -> bool:
    """Whether a member of the form *value* has nothing in it, which no form can say for certain."""
    held = value.values() if isinstance(value, dict) else ()
    return any(item in ("", None, [], [""]) for item in held)


# -- what a server may cap ------------------------------------------------------------------------


def _is_costly(schema: Schema, value: Any) -> bool:
    """Whether *value* asks for more than its `x-troth-costs` say that a server must give."""
    priced = _least_cost(schema.schemas)
    if not priced or not _exceeds(value, priced):
        return False
    graph = generator_of(schema).graph
    return any(
        isinstance(site.value, (int, float)) and site.value > min(site.shape.costs)
        for site in locations(graph, (schema.prepared,), value)
        if site.shape.costs
    )


_costs: WeakKeyDictionary[Schemas, float] = WeakKeyDictionary()


def _least_cost(schemas: Schemas) -> float:
    """The least `x-troth-costs` of a document, 0 without any."""
    if schemas not in _costs:
        costs: list[float] = []
        waiting = [schemas.prepared.root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                cost = node.get("x-troth-costs")
                costs += [cost] if isinstance(cost, (int, float)) else []
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)
        _costs[schemas] = min(costs, default=0)
    return _costs[schemas]


def _exceeds(value: Any, least: float) -> bool:
    """Whether there is a number beyond *least* anywhere in *value*: a quick no for most."""
    if isinstance(value, dict):
        return any(_exceeds(item, least) for item in value.values())
    if isinstance(value, list):
        return any(_exceeds(item, least) for item in value[:1000])
    return isinstance(value, (int, float)) and value > least


# -- the same request twice -----------------------------------------------------------------------


def distinct(groups: Iterable[Iterable[Case]]) -> Iterator[Case]:
    """The cases of each of *groups* in turn, without those that send what an earlier one sends.

    Inside a group the earlier one then serves the laws of the later too.
    """
    sent: set[Any] = set()
    ids: Counter[str] = Counter()
    for group in groups:
        kept: dict[Any, Case] = {}
        for case in group:
            key = request_key(case)
            if key in sent:
                continue
            first = kept.setdefault(key, case)
            if set(case.laws) - set(first.laws):
                laws = tuple(dict.fromkeys(first.laws + case.laws))
                kept[key] = replace(first, laws=laws)
        sent |= kept.keys()
        for case in kept.values():
            ids[case.id] += 1
            count = ids[case.id]
            yield case if count == 1 else replace(case, id=f"{case.id}-{count}")


def request_key(case: Case) -> tuple[Any, ...]:
    """What two cases share when they send the same: order of members and white space aside."""
    if case.derive:
        return (case.id,)  # nobody knows yet what it will be
    request = case.request
    body: bytes = request.body
    if case.value is not None:
        try:
            if write(case.value) == body:
                body = json_text.canonical(case.value)
        except (ValueError, UnicodeError, TypeError, OverflowError, RecursionError):
            pass  # JSON cannot write it: it was written by hand
    return (request.method, request.target, tuple(sorted(request.fields)), body)


def slug(text: str) -> str:
    """*text* as a part of an id: letters, digits, and `-` for the rest."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-") or "root"


# -- credentials ----------------------------------------------------------------------------------


def addressed(
    request: Request, settings: Settings, *, spared: Collection[str] = frozenset()
) -> Request:
    """*request* as it goes out: with the user's token and header fields in their places.

    The user's fields of the names *spared* are left out: what the request has there it is about.
    """
    filled = with_credential(request, PLACEHOLDER if settings.token is None else settings.token)
    fields = without(settings.fields, spared)
    own = {name.lower() for name, _ in fields}
    kept = without(filled.fields, own)
    if "user-agent" not in own | {name.lower() for name, _ in kept}:
        kept = (*kept, ("User-Agent", "troth"))
    return replace(filled, fields=kept + fields)


def readable(request: Request) -> Request:
    """*request* with an ordinary token in the credential's place: for judging, not for sending."""
    return with_credential(request, PLACEHOLDER)
