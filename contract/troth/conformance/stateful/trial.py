"""A trial of one resource: items that it makes, what is asked of them, what is wrong with it.

It knows which operation does what (`openapi.resources`) and how a request to an item is put
together; what an answer ought to be is the checks' affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, Unpack

from troth import pointer as pointers
from troth.conformance.budget import waits
from troth.conformance.cases.case import Case, Subject
from troth.conformance.checks.answers import body_of
from troth.conformance.selection import SAFE_METHODS
from troth.conformance.session import Session
from troth.conformance.stateful import paging
from troth.conformance.stateful.addressing import (
    addressing,
    case_of,
    conditions,
    given_names,
    identified,
    sources_of,
)
from troth.conformance.stateful.drawing import drawn, named_anew, with_name
from troth.conformance.stateful.items import Answer, Item, Listed, Told, at, is_part, put
from troth.generation.request_writer import UNSET, with_credential
from troth.generation.source import Unsatisfiable
from troth.generation.values import synthesize
from troth.http.exchange import Exchange, Fields, Request
from troth.openapi.names import registers
from troth.openapi.operation import Operation
from troth.openapi.paths import shape_of
from troth.openapi.resources import Resource, Resources, Role
from troth.seed import Seed
from troth.violation import Severity, Violation

#: Seconds that a server has until what it took is seen everywhere.
_PATIENCE = 0.5
#: So long a list may take to follow: many an index is written once a second.
LIST_PATIENCE = 1.2
#: So often another item is drawn for one that is there already.
_CONFLICTS = 2
#: So many actions on one item are tried, whatever they do.
_ACTIONS = 4
#: So often is asked for what a 202 promised.
_POLLS = 3
#: What refuses any item.
_LASTING = frozenset({401, 403, 404, 405})
#: So many pages of a list are read: what is behind them is not known.
_PAGES = 25
Purpose = Literal["case", "repeat"]


class Asked(TypedDict, total=False):
    """What a request has, beside what its operation and the item that it is addressed to say.

    *query* are values of parameters, or of any other names; *fields* take the place of those of
    the same name; *target* that of the whole target, *method* that of the operation's own.
    *token* is another than the user's own.
    """

    query: Mapping[str, Any] | None
    fields: Fields
    body: Any
    token: str | None
    target: str | None
    method: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its *name* is a part of the ids of its findings."""

    name: str
    run: Callable[[Trial], Awaitable[None]]
    needs: frozenset[Role] = frozenset()


class Trial:
    """What checks do with one resource.

    One that *is_small* makes the smallest items, and asks for nothing that it was told before.
    One that is not *patient* has seen before that waiting does not help.
    """

    def __init__(
        self,
        session: Session,
        known: Resources,
        resource: Resource,
        *,
        purpose: Purpose = "case",
        is_small: bool = False,
        patient: bool = True,
    ) -> None:
        self.session = session
        self.resource = resource
        self.answers: list[Answer] = []
        self.told: list[Told] = []
        self.unnamed: list[Answer] = []
        #: the item that another user tries to get at: all that was tried with it was refused
        self.guarded: Item | None = None
        self.about = ""
        self._resources = known
        self._purpose: Purpose = purpose
        self.is_small = is_small
        self.is_patient = patient
        self._items: list[Item] = []
        self._parents: dict[Resource | None, Item | None] = {}
        self._refused: set[Resource] = set()
        self._number = 0
        self._is_over = False

    # -- items --------------------------------------------------------------------------------

    def can(self, role: Role) -> bool:
        """Whether there is an operation of *role*, or one that can stand for it."""
        if role == "create":
            return self._creating(self.resource)[0] is not None
        return self.subject(role) is not None

    async def item(self) -> Item | None:
        """An item of the resource that is there, or a new one; None where none can be made."""
        return next(iter(self.items()), None) or await self.create()

    async def create(
        self,
        *,
        is_small: bool = False,
        like: Item | None = None,
        but: Mapping[str, Any] | None = None,
        altered: Callable[[Request], Request] | None = None,
    ) -> Item | None:
        """A new item of the resource, with other values than those before; None: it cannot be.

        One that *is_small* has what it must have, and nothing else; one *like* another the same;
        either *but* for what it has at these places, and its request *altered*.
        """
        if like is None and not but and altered is None:
            return await self._made(self.resource, is_small=is_small)
        subject, is_named = self._creating(self.resource)
        if subject is None or is_named:
            return None
        body = await self.drawn("create") if like is None else like.created.case.value
        for place, value in (but or {}).items():
            body = put(body, (self.resource.sent(subject.operation) or "") + place, value)
        if but and (subject.made is None or not subject.made.valid(body)):
            return None
        made = await self.create_of(body, altered=altered)
        return made if isinstance(made, Item) else None

    async def create_of(
        self, body: Any, *, altered: Callable[[Request], Request] | None = None
    ) -> Item | Answer | None:
        """A new item of *body* that no other check gets; else the answer that gave none."""
        subject, is_named = self._creating(self.resource)
        if subject is None or is_named:
            return None
        resource = self.resource
        made = await self._created(resource, subject, is_named=False, body=body, altered=altered)
        if isinstance(made, Item):
            made.is_spoiled = True
            self._items.append(made)
        return made

    async def several(self, count: int) -> list[Item]:
        """So many items of the resource that are there, made where there are fewer, if they can."""
        await self.item()
        for _ in range(count):  # one that takes the name of another adds none
            if not 0 < len(self.items()) < count or await self.create() is None:
                break
        return self.items()

    def spoil(self, item: Item) -> None:
        """Give *item* to no other check."""
        item.is_spoiled = True

    async def _made(self, resource: Resource, *, is_small: bool = False) -> Item | None:
        subject, is_named = self._creating(resource)
        if subject is None or resource in self._refused:
            return None
        kinds = [True] if self.is_small or is_small else [False, True]
        spare = _CONFLICTS
        while kinds:
            self._number += 1
            body = self._own_name(subject, resource, self._drawn(subject, is_small=kinds[0]))
            item = await self._created(
                *(resource, subject), is_named=is_named, body=body, says_name=kinds[0]
            )
            if isinstance(item, Item):
                if not item.values.keys() >= set(shape_of(resource.path)[1]):
                    break  # nobody said in what it is: there is no way to ask for it
                self._forget(item)
                self._items.append(item)
                return item
            if item is None or item.status in _LASTING or item.status < 400:
                break
            if item.status == 409 and spare:  # there is one like it: another is drawn
                spare -= 1
                continue
            kinds.pop(0)
        self._refused.add(resource)  # it would be again
        return None

    def _own_name(self, subject: Subject, resource: Resource, body: Any) -> Any:
        """*body* with another identifier than those before, where the client gives it in there."""
        place = (resource.sent(subject.operation) or "") + (resource.identifier or "")
        used = [each.identifier for each in self._items if each.resource is resource]
        return named_anew(subject, body, pointer=place, used=used, seed=self.seed("name"))

    def _forget(self, item: Item) -> None:
        """Forget what has the name and the place of *item*, which has taken it."""
        if item.resource.parameter is None and not is_part(item.resource):
            return  # nothing tells one from another
        for other in self._items:
            if other.resource is item.resource and other.values == item.values:
                other.is_gone = other.is_spoiled = True

    def _creating(self, resource: Resource) -> tuple[Subject | None, bool]:
        """The operation that creates an item, and whether the client names it."""
        item = shape_of(resource.path)[0]
        subject = self.subject("create", resource)
        # what there is one of, below nothing, is there already: it is somebody's
        is_ours = self.session.settings.allow_destructive and "{}" not in item
        is_single = resource.parameter is None and (is_part(resource) or is_ours)
        if subject is None and (resource.is_client_named or is_single):
            subject = self.subject("replace", resource)
        is_named = subject is not None and shape_of(subject.operation.path)[0] == item
        return subject, is_named and resource.parameter is not None

    async def _created(
        self,
        resource: Resource,
        subject: Subject,
        *,
        is_named: bool,
        body: Any,
        says_name: bool = False,
        altered: Callable[[Request], Request] | None = None,
    ) -> Item | Answer | None:
        """A new item, or the answer that gave none."""
        operation = subject.operation
        values, expressions = await self._above(subject, resource)
        if is_part(resource) and self._parents.get(resource.parent) is None:
            return None  # what is not below an item of ours is not ours
        body = await self._with_references(operation, resource, body=body)
        if is_named and resource.parameter is not None:
            name = values[resource.parameter] = self._name(subject, resource.parameter)
            if not await self._is_free(resource, values):
                return None
            if says_name:  # some servers want in the body, too, what the path says
                body = with_name(subject, resource, body=body, name=name)
        answer = await self._send(subject, values, expressions, 1, altered, body=body)
        if answer is None or not (answer.succeeded or answer.status == 202):
            return answer
        sent = at(body, resource.sent(operation))
        if registers(operation.path) and isinstance(sent, dict):
            sent = {name: one for name, one in sent.items() if not isinstance(one, bool)}
        item = Item(resource, values, None, sent, answer)
        item.expressions = expressions
        given = given_names(self.session.settings, resource)
        if identified(item, answer, is_named=is_named, given=given):
            return item if answer.succeeded or await self._arrives(item) else answer
        self.unnamed.append(answer)
        return answer

    async def _arrives(self, item: Item) -> bool:
        """Whether *item*, which a 202 promised, can be read after a while."""
        item.sent = UNSET  # what of it is done first nobody said
        item.readings.clear()
        for _ in range(_POLLS):
            answer = await self.read(item)
            if answer is None or not answer.is_missing:
                return bool(item.readings)
        return False

    async def _is_free(self, resource: Resource, values: Mapping[str, Any]) -> bool:
        """Whether nothing has the name in *values* yet: what is there is not ours to change."""
        subject = self.subject("read", resource)
        if subject is None:
            return False
        answer = await self._send(subject, values, {})
        return answer is not None and answer.is_missing

    def _name(self, subject: Subject, parameter: str) -> Any:
        """A name that the client gives to a new item."""
        for declared in subject.operation.parameters:
            if (declared.location, declared.name) == ("path", parameter) and declared.schema:
                seed = self.seed("name")
                try:
                    return synthesize(declared.schema, seed=seed, name=parameter)
                except Unsatisfiable:
                    break
        return f"troth-{self.seed('name').number():x}"[:18]

    def seed(self, word: str) -> Seed:
        """The seed of what is drawn now for *word*."""
        label = (self.session.settings.seed, self.resource.path, self._number, self.is_small)
        return Seed.of("stateful", word, *map(str, label))

    def _drawn(self, subject: Subject, *, is_small: bool) -> Any:
        seed, name = self.seed("body"), self.resource.name
        body = drawn(subject, seed=seed, is_small=is_small, name=name)
        return self.session.values.named_apart(subject.operation, body)

    async def drawn(self, role: Role, *, is_small: bool = False) -> Any:
        """Another valid body of what the resource's *role* sends; UNSET where there is none.

        One that *is_small* has what it must have, and nothing else.  What it refers to is there.
        """
        subject = self.subject(role)
        self._number += 1
        if subject is None or subject.made is None:
            return UNSET
        body = self._drawn(subject, is_small=is_small)
        return await self._with_references(subject.operation, self.resource, body=body)

    # -- what is above ------------------------------------------------------------------------

    async def _above(
        self, subject: Subject, resource: Resource
    ) -> tuple[dict[str, Any], dict[str, tuple[Answer, str]]]:
        """Values of what is above the items that *subject* creates, and where they are from.

        By the names that the path of *subject* has for them, and by those of the item's path.
        """
        shape, names = shape_of(subject.operation.path)
        own_shape, own_names = shape_of(resource.path)
        ends = [index + 1 for index, part in enumerate(shape) if part == "{}"]
        if resource.parameter is not None and shape == own_shape:
            ends, names = ends[:-1], names[:-1]
        values = self.session.values.path(subject.operation, subject.parameters)
        expressions = {}
        for end in reversed(ends):
            parent = self._with_shape(shape[:end])
            above = await self._parent(parent) if parent is not None else None
            others = shape_of(above.resource.path)[1] if above is not None else ()
            if above is None or not above.values.keys() >= set(others):
                continue  # where it is, nobody said: /repos/{owner}/{repo} made by POST /user/repos
            for name, other in zip(names, others, strict=False):
                values[name] = above.values[other]
                if other in above.expressions:
                    expressions[name] = above.expressions[other]
            break
        for name, own, end in zip(names, own_names, ends, strict=False):
            if shape[:end] == own_shape[:end] and name in values:
                values[own] = values[name]
                if name in expressions:
                    expressions[own] = expressions[name]
        return values, expressions

    def _with_shape(self, shape: Sequence[str]) -> Resource | None:
        for resource in self._resources.all:
            if resource.parameter is not None and shape_of(resource.path)[0] == tuple(shape):
                return resource
        return None

    async def _parent(self, resource: Resource) -> Item | None:
        """The item of another resource below which those of this trial are; made once."""
        if resource not in self._parents:
            self._parents[resource] = None  # what needs itself cannot be made
            self._parents[resource] = await self._made(resource)
        return self._parents[resource]

    def parent_of(self, item: Item) -> Item | None:
        """The item below which this trial has made *item*."""
        return self._nearest(shape_of(item.resource.path)[0])

    def holder_of(self, item: Item) -> Item | None:
        """The item below which *item* was made, whether its own path says so or not."""
        return self.parent_of(item) or self.above(item.created.operation)

    def above(self, operation: Operation) -> Item | None:
        """The item that this trial has made and that what *operation* lists is directly below."""
        shape = shape_of(operation.path)[0]
        found = self._nearest((*shape, "{}"))
        above = shape_of(found.resource.path)[0] if found is not None else ()
        return found if "{}" not in shape[len(above) :] else None

    def _nearest(self, shape: tuple[str, ...]) -> Item | None:
        """Of the items that this trial needed the one that is nearest above what has *shape*."""
        found: list[tuple[int, Item]] = []
        for parent in self._parents.values():
            above = shape_of(parent.resource.path)[0] if parent is not None else shape
            if parent is not None and len(above) < len(shape) - 1 and shape[: len(above)] == above:
                found.append((len(above), parent))
        return max(found, key=lambda each: each[0])[1] if found else None

    async def sibling(self, item: Item) -> Item | None:
        """Another item of the resource of *item*, whatever that is."""
        return await self._made(item.resource)

    def actions(self, *, most: int = _ACTIONS) -> Iterator[Operation]:
        """What is done to an item beside the roles: by POST, below its path; so many of it."""
        below = self.resource.path.rstrip("/") + "/"
        found = [
            operation
            for operation in self.resource.operations.get("action", ())
            if operation.method == "POST" and operation.path.startswith(below)
        ]
        yield from found[:most]

    def below(self, role: Role) -> Iterator[Operation]:
        """The operations of *role* of what is directly below the items of the resource."""
        for other in self._resources.all:
            subject = self.subject(role, other) if other.parent is self.resource else None
            if subject is not None and subject.operation.path == other.collection:
                yield subject.operation

    async def _with_references(self, operation: Operation, resource: Resource, *, body: Any) -> Any:
        """*body* with the identifiers of items that there are where it refers to others."""
        for filling in self._resources.fillings(operation):
            old = pointers.find(body, filling.name) if filling.location == "body" else None
            if old is None or old == []:
                continue
            other = self._resources.of(filling.source)
            if other is None or other is resource:
                continue
            item = await self._parent(other)
            if item is not None:
                one = [item.identifier] if isinstance(old, list) else item.identifier
                body = put(body, filling.name, one)
        return body

    async def another(self, operation: Operation, name: str) -> Item | None:
        """A new item of what the query parameter *name* of *operation* refers to, if it does."""
        for filling in self._resources.fillings(operation):
            other = self._resources.of(filling.source)
            is_asked = (filling.location, filling.name) == ("query", name)
            if is_asked and other is not None and other is not self.resource:
                return await self._made(other)
        return None

    # -- requests -----------------------------------------------------------------------------

    def subject(self, role: Role, resource: Resource | None = None) -> Subject | None:
        """The operation of the resource that has *role* and is under test."""
        for operation in (resource or self.resource).operations.get(role, ()):
            subject = self.session.subjects.get(operation.name)
            if subject is not None and not subject.fault:
                return subject
        return None

    async def read(self, item: Item, **asked: Unpack[Asked]) -> Answer | None:
        """Read *item*; what is read is its `current` from now on."""
        answer = await self._asked("read", item, **asked)
        is_own = answer is not None and asked.get("token") is None
        if answer is not None and is_own and answer.succeeded and answer.item is not UNSET:
            item.readings.append(answer)
        return answer

    async def update(self, item: Item, patch: Any, **asked: Unpack[Asked]) -> Answer | None:
        """Change *item* by the body *patch*."""
        return await self._changed("update", item, patch, asked)

    async def replace(self, item: Item, body: Any, /, **asked: Unpack[Asked]) -> Answer | None:
        """Put the body *body* in the place of *item*."""
        return await self._changed("replace", item, body, asked)

    async def _changed(self, role: Role, item: Item, body: Any, asked: Asked) -> Answer | None:
        asked["body"] = body
        answer = await self._asked(role, item, **asked)
        if answer is not None and 200 <= answer.status < 300:
            item.readings.clear()  # it is not any more what was read
        return answer

    async def delete(self, item: Item, **asked: Unpack[Asked]) -> Answer | None:
        """Delete *item*; no other check gets it then."""
        answer = await self._asked("delete", item, **asked)
        if answer is not None and asked.get("token") is None:
            item.is_gone = item.is_gone or answer.succeeded or answer.status == 202
            item.is_spoiled = True
        return answer

    async def _asked(self, role: Role, item: Item, **asked: Unpack[Asked]) -> Answer | None:
        subject = self.subject(role, item.resource)
        return None if subject is None else await self.send(subject.operation, item=item, **asked)

    def items(self) -> list[Item]:
        """Those of the resource that this trial has made and that are as checks expect them."""
        return [
            item
            for item in self._items
            if item.resource is self.resource and not (item.is_gone or item.is_spoiled)
        ]

    def namesakes(self, item: Item) -> list[Item]:
        """The others that were made under the name of *item*, there or not."""
        alike = [one for one in self._items if one.resource is item.resource and one is not item]
        return [one for one in alike if one.values == item.values]

    async def send(
        self, operation: Operation, *, item: Item | None = None, **asked: Unpack[Asked]
    ) -> Answer | None:
        """Send a request to *operation*, addressed to *item* and what is above it."""
        subject = self.session.subjects.get(operation.name)
        if subject is None or subject.fault:
            return None
        values: dict[str, Any] = {}
        expressions: dict[str, tuple[Answer, str]] = {}
        if item is not None:
            values, expressions = addressing(operation, item)
        fields = asked.get("fields", ())
        asked["fields"] = (*conditions(operation, item, fields), *fields)
        return await self._send(subject, values, expressions, **asked)

    async def _send(
        self,
        subject: Subject,
        values: Mapping[str, Any],
        expressions: Mapping[str, tuple[Answer, str]],
        makes: int = 0,
        altered: Callable[[Request], Request] | None = None,
        **asked: Unpack[Asked],
    ) -> Answer | None:
        # what was made is deleted at the end, so that much is kept for that
        owed = makes + sum(not item.is_gone for item in self._items)
        if self._is_over or not self.session.budget.affords(1 + owed):
            return None
        operation = subject.operation
        if self.session.settings.safe and operation.method not in SAFE_METHODS:
            return None
        fields, query = asked.get("fields", ()), asked.get("query")
        case = self._case(subject, values, query=query, body=asked.get("body", UNSET))
        if self.session.values.spares(case, operation):
            return None
        case = self.session.values.keyed(case, operation)
        sent = case.request
        target, method = asked.get("target") or sent.target, asked.get("method") or sent.method
        request = replace(sent.having(*fields), target=target, method=method)
        request = request if altered is None else altered(request)
        case = replace(case, request=with_credential(request, asked.get("token")))
        before = len(self.answers)
        exchange = await self.session.send(case)
        await self.session.hold_between(case, exchange)
        violations = self.session.check(case, exchange, purpose=self._purpose)
        await self.session.observe(case, exchange)
        if exchange.fault is not None or exchange.response is None or waits(exchange):
            self._is_over = exchange.fault is not None
            return None
        sources = sources_of(operation, self.answers, values, expressions, fields)
        answer = replace(self._answer(case, operation, exchange), before=before, sources=sources)
        self.answers.append(answer)
        # that a request is refused says nothing here: state may be the reason; and what a 405 says
        # of methods takes no item to show
        told = (each for each in violations if each.code not in _SAID_ELSEWHERE)
        self.told += [Told(each, answer) for each in told]
        return answer

    def _case(self, subject: Subject, values: Mapping[str, Any], **what: Any) -> Case:
        number = len(self.answers) + 1
        return case_of(subject, values, about=self.about, number=number, **what)

    def _answer(self, case: Case, operation: Operation, exchange: Exchange) -> Answer:
        body = body_of(self.session.contract, case, exchange)
        owner = self._resources.of(operation)
        status = exchange.response.status if exchange.response else 0
        item = at(body, owner.item(operation, status) if owner else None)
        return Answer(
            case=case,
            operation=operation,
            exchange=exchange,
            body=UNSET if body is None else body,
            item=item if isinstance(item, dict) else UNSET,
        )

    # -- lists --------------------------------------------------------------------------------

    async def listed(
        self,
        item: Item | None,
        *,
        token: str | None = None,
        query: Mapping[str, Any] | None = None,
        pages: int = _PAGES,
    ) -> Listed | None:
        """All items of the list that *item* ought to be in, from at most so many *pages*."""
        subject = self.subject("list")
        if subject is None:
            return None
        return await paging.followed(
            self, subject, item=item, token=token, query=query or {}, pages=pages
        )

    async def is_nothing(self, url: str) -> bool:
        """Whether a GET of *url*, which no operation need have, finds nothing."""
        subject = self.subject("read") or self.subject("list")
        if subject is None or self._is_over or not self.session.budget.affords(1):
            return False
        case = self._case(subject, {})
        asked = replace(case.request, method="GET", target=url, body=b"")
        response = (await self.session.send(replace(case, request=asked))).response
        return response is not None and response.status in (404, 410)

    def page(self, answer: Answer | None) -> list[Any] | None:
        """The items of one page."""
        if answer is None or not answer.succeeded:
            return None
        page = at(answer.body, self.resource.items(answer.operation, answer.status))
        if isinstance(page, dict) and self.resource.is_map(answer.operation, answer.status):
            return list(page.values())
        return page if isinstance(page, list) else None

    # -- what is wrong ------------------------------------------------------------------------

    def tell(
        self,
        code: str,
        message: str,
        *,
        by: Answer,
        of: Answer | None = None,
        severity: Severity = "error",
        pointer: str = "",
        alone: bool = False,
        among: Sequence[Answer | None] = (),
    ) -> None:
        """Tell what the answer *by*, after what was sent before it, shows; *pointer* is into it.

        *of* is the answer whose operation is to blame, where that is another.  *alone*: it takes
        the place of whatever else the answer breaks.  *among* are those that were in flight when
        it came to that.
        """
        if alone:
            self.told = [one for one in self.told if one.answer is not by]
        violation = Violation(
            code=code,
            operation=(of or by).operation.name,
            location=code.partition(".")[0],
            message=message,
            instance_pointer=pointer,
            severity=severity,
        )
        self.told.append(Told(violation, by, tuple(each for each in among if each is not None)))

    async def patience(self, seconds: float = _PATIENCE) -> bool:
        """Wait for what may come later, *seconds* at the most; False: there is no waiting."""
        if self.is_patient:
            await asyncio.sleep(min(seconds, self.session.settings.patience))
        return self.is_patient

    # -- the end ------------------------------------------------------------------------------

    async def clean_up(self) -> None:
        """Delete what was made and is there yet, the last first."""
        self.about = "deleting what was made"
        for item in reversed(self._items):
            subject = self.subject("delete", item.resource)
            if item.is_gone or subject is None or not self.session.budget.affords(1):
                continue
            values, _ = addressing(subject.operation, item)
            case = self.session.values.keyed(self._case(subject, values), subject.operation)
            fields = conditions(subject.operation, item, ())
            request = replace(case.request, fields=(*case.request.fields, *fields))
            exchange = await self.session.send(replace(case, request=request))
            self.session.check(case, exchange, purpose="probe")
            item.is_gone = True


#: What of an answer says nothing of the item that was asked for.
_SAID_ELSEWHERE = frozenset({"request.valid-refused", "response.allow-wrong"})
