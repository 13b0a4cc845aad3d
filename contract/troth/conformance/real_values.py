"""What stands in a request for a parameter, and what a request may touch: decided when it is sent.

A case is laid out with what the user gave, the document's examples, or generated values.  What of
those nobody gave is replaced by what this run has made, or else by what a list has answered.

The care that is taken: what a run has not made it neither changes nor deletes, unless it is
allowed to.  GET, HEAD, OPTIONS, TRACE and QUERY change nothing; POST to a path that is not below an
item, or that creates one, adds something.  Everything else goes to an item that this run has made,
or else to one that surely does not exist; where neither can be had, it is held back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote

from troth import pointer as pointers
from troth.conformance import references
from troth.conformance.cases.case import Case
from troth.conformance.fresh_values import TakenValues, keys_for
from troth.conformance.known_values import Known, absent_value, parameter_of
from troth.conformance.selection import SAFE_METHODS
from troth.conformance.settings import Settings
from troth.generation.locations import put
from troth.generation.request_writer import UNSET, Values, body_type, in_path, refilled
from troth.generation.requests import tokens_of
from troth.http import json_text
from troth.http.exchange import Exchange, Request
from troth.openapi import fillings, runtime_expression
from troth.openapi.contract import Contract
from troth.openapi.listing import is_selection
from troth.openapi.names import in_singular, words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.paths import PathTemplate, shape_of
from troth.openapi.resources import Filling, resources
from troth.openapi.runtime_expression import named_by
from troth.openapi.schema_view import of_request
from troth.seed import Seed
from troth.validation.parameters import is_field

#: What only looks (RFC 9110 §9.2.1, and QUERY of OpenAPI 3.2).
_LOOKS = SAFE_METHODS | {"TRACE", "QUERY"}
#: What was accepted may be made later, or never: RFC 9110 §15.3.3.
_PROMISED = 202
#: The name leads to nothing (RFC 9110 §15.5.5, §15.5.11).
_GONE = (404, 410)
_CONFLICT = 409
#: What was there so many answers ago is expected to be there still.
_LATELY = 30
#: Of one list so many items are remembered.
_LISTED = 50
#: What no type but a text takes, and nobody calls anything: it can be no item's name in disguise.
_MADE_UP = re.compile(r"[A-Za-z!%-]+|x{20,}")


#: Words of what takes away more than it names.
_SWEEPING = frozenset(
    {"archive", "clean", "cleanup", "clear", "close", "delete", "drop", "flush", "import", "prune"}
    | {"purge", "remove", "reset", "restore", "rollback", "seed", "truncate", "undo", "wipe"}
)
#: Why something is held back.
_NOT_MADE = "it would change what this run has not made"
_NONE_MADE = "this run has made none, and asks at the most of ids that nothing has"
#: Where a value came from: an operation, its status, and where it stood in the answer.
_Key = tuple[str, str, str]
_Shape = tuple[str, ...]
_T = TypeVar("_T")


class RealValues:
    """The values that a run may use, and what it may touch.

    *held_back* tells, by operation, why something of it was not sent.
    """

    def __init__(self, contract: Contract, settings: Settings, *, keys: Seed | None = None) -> None:
        self.held_back: dict[str, str] = {}
        self._contract = contract
        self._settings = settings
        self._known: dict[_Key, list[Known]] = {}
        self._sources: dict[str, dict[_Key, Filling]] | None = None
        self._absent: dict[tuple[str, str], Any] = {}
        self._resources = resources(contract)
        self._things = {in_singular(words_of(each.name)) for each in self._resources.all}
        self._taken = TakenValues(self._resources, seed=Seed.of("taken", settings.seed))
        #: when what stands at the end of a path was last there, by the number of answers
        self._sighted: dict[tuple[_Shape, str], int] = {}
        self._kept = 0
        #: the answers that made what nobody has touched since, by the shape and texts of its path
        self._untouched: dict[tuple[_Shape, tuple[str, ...]], Exchange] = {}
        #: what the creation of a thing named, by the text that names it
        self._above: dict[tuple[str, ...], frozenset[str]] = {}
        #: two answers that say that they made the same, which nobody had touched
        self._repeated: dict[tuple[_Shape, tuple[str, ...]], tuple[Exchange, Exchange]] = {}
        self._reached: set[str] = set()
        self._done: set[str] = set()
        #: the items, by what names them, that are in no state for an operation (RFC 9110 §15.5.10)
        self._unfit: set[tuple[str, str]] = set()
        self._keys = keys or Seed.of("idempotency key", settings.seed)
        self._keyed = 0

    # -- learning -----------------------------------------------------------------------------

    def keep(self, exchange: Exchange) -> None:
        """Learn of *exchange* what there is now, and what is no more."""
        response = exchange.response
        if response is None or exchange.fault:
            return
        self._kept += 1
        match = self._contract.find_match(exchange.request)
        if match is None:
            return
        operation, template = match.operation, match.operation.template
        self._taken.keep(operation, exchange)
        texts = tuple(match.path_parameters.get(name, "") for name in template.names)
        self._sight(operation, texts[-1:], response.status)
        is_done = 200 <= response.status < 300
        self._done.update([operation.name] if is_done else ())
        if response.status == _CONFLICT and texts:
            self._unfit.add((operation.name, texts[-1]))
        if operation.method == "DELETE" and (is_done or response.status in _GONE):
            self._forget(template, texts)
        if is_done and operation.method not in _LOOKS:
            self._touch(operation, texts)
        if not is_done or operation.method == "DELETE":
            return
        for key, filling in self._fillings_from(operation).items():
            made, told = self._made_by(filling), self._resources.of(filling.source)
            for value, item in fillings.values(filling, exchange, match.path_parameters)[:_LISTED]:
                if told is not None and told.parameter is not None:
                    value = named_by(value, told.path, told.parameter)
                if type(value) in (str, int) and value != "":  # a boolean is an int to Python
                    known = Known(value, template, texts, made)
                    self._learn(key, filling, exchange, known, item)
        if texts and texts[-1:] == self._absent_text(operation):
            # nobody else had a thing of this name: whoever puts it there has made it
            made = shape_of(operation.path)[0]
            self._add(_named(operation), Known(unquote(texts[-1]), template, texts, made))
            self._sighted[made, texts[-1]] = self._kept
            del self._absent[operation.name, _last(operation)]

    def _learn(
        self, key: _Key, filling: Filling, exchange: Exchange, known: Known, item: Any
    ) -> None:
        """Keep what is *known* of *filling*, from *exchange*: the name of the *item* of a list."""
        resource, response = self._resources.of(filling.source), exchange.response
        if resource is None or response is None:
            self._add(key, known)
            return
        at = resource.item(filling.source, response.status) if item is None else None
        if at is not None and known.made:
            item = runtime_expression.at(response.body, at)
        is_own = filling.items is None or filling.expression.name == resource.identifier
        known = known.placed(resource, item) if is_own else known
        self._add(key, known)
        named = known.whole(resource) if known.made and response.status != _PROMISED else None
        if named is None:
            return
        made, own = known.made, named[-1]
        is_there = (made, own) in self._sighted
        self._sighted[made, own] = self._kept
        before = self._untouched.pop((made, named), None)
        if before is not None and before is not exchange and is_there:
            self._repeated.setdefault((made, named), (before, exchange))
        self._untouched[made, named] = exchange
        self._above[named[-1:]] = self._named_in(exchange)

    def _named_in(self, exchange: Exchange) -> frozenset[str]:
        """What *exchange* names, in its path or its bodies, and what the creation of that named."""
        named = {unquote(part) for part in exchange.request.target.partition("?")[0].split("/")}
        for body in (exchange.request.body, exchange.response.body if exchange.response else b""):
            with suppress(json_text.BadJson):
                value = json_text.decode_lenient(body)[0]
                named |= {str(one) for _, one in references.in_body(value)}
        return frozenset(named.union(*(self._above.get((one,), ()) for one in named)))

    def _touch(self, operation: Operation, texts: tuple[str, ...]) -> None:
        """Forget of what was made what *operation* may have changed: below *texts*, or anywhere.

        And what names the item of *texts*: it may have gone with it.
        """
        if self._resources.role(operation) == "create":
            return  # it adds something
        shape = shape_of(operation.path)[0]
        end = max((at for at, part in enumerate(shape, 1) if part == "{}"), default=1)
        if self._resources.of(operation) is None and not _sweeps(operation):
            return
        above = shape[:end] if self._resources.of(operation) is not None else ()
        for key in list(self._untouched):
            is_below = key[0][: len(above)] == above
            is_of = is_below and (not above or key[1][: len(texts)] == texts)
            if is_of or (texts and unquote(texts[-1]) in self._above.get(key[1][-1:], ())):
                del self._untouched[key]

    def untouched(self, operation: Operation) -> list[tuple[Values, Exchange]]:
        """What this run has made, and nobody has touched since, that *operation* is for.

        The oldest first: the values of its path, and the answer that made it.
        """
        return self._read_by(operation, self._untouched)

    def repeated(self, operation: Operation) -> list[tuple[Values, tuple[Exchange, Exchange]]]:
        """What two creations say to have made, while nobody touched the first, for *operation*."""
        return self._read_by(operation, self._repeated)

    def _read_by(
        self, operation: Operation, known: Mapping[tuple[_Shape, tuple[str, ...]], _T]
    ) -> list[tuple[Values, _T]]:
        """Of what is *known* by shape and texts of its path what *operation* is for."""
        names = operation.template.names
        shape = shape_of(operation.path)[0]
        return [
            ({("path", name): unquote(text) for name, text in zip(names, texts, strict=True)}, one)
            for (made, texts), one in known.items()
            if made == shape and len(texts) == len(names)
        ]

    def _sight(self, operation: Operation, text: tuple[str, ...], status: int) -> None:
        """Remember when the item that *text* names was seen, as far as it is still that.

        What was changed may have another name, and what was not found is no more.
        """
        if not text:
            return
        key = shape_of(operation.path)[0], text[0]
        if operation.method in _LOOKS and 200 <= status < 300:
            self._sighted[key] = self._kept
        elif (operation.method not in _LOOKS and status < 300) or status in _GONE:
            self._sighted.pop(key, None)

    def _made_by(self, filling: Filling) -> _Shape:
        """The shape of the item that a value of *filling* names for having been made, if one."""
        source, expression = filling.source, filling.expression
        if filling.items is not None:
            return ()
        resource = self._resources.of(source)
        if resource is None or self._resources.role(source) != "create":
            return ()
        shape = shape_of(resource.path)[0]
        if expression.variable:
            return shape if expression.variable == resource.parameter else ()
        if expression.part != "body":
            return ()
        if resource.identifier is None:  # what the answer tells beside the item
            is_told = (filling.location, filling.name) == ("path", resource.parameter)
            return shape if is_told and expression.message == "response" else ()
        is_sent = expression.message == "request"
        item = resource.sent(source) if is_sent else resource.item(source, _first(filling.status))
        return shape if item is not None and item + resource.identifier == expression.name else ()

    def _add(self, key: _Key, known: Known) -> None:
        entries = self._known.setdefault(key, [])
        same = [one for one in entries if (one.value, one.texts) == (known.value, known.texts)]
        if known.made and not all(one.made for one in same):
            entries[:] = [one for one in entries if one not in same]
        elif same or (not known.made and len(entries) >= _LISTED):
            return
        entries.append(known)

    def forget(self, request: Request) -> None:
        """Forget the item that *request* is for: it is no more, whoever took it away."""
        match = self._contract.find_match(request)
        if match is not None:
            template = match.operation.template
            names = (match.path_parameters.get(name, "") for name in template.names)
            self._forget(template, tuple(names))

    def _forget(self, template: PathTemplate, texts: tuple[str, ...]) -> None:
        """Forget what was deleted, and what stood below it."""
        if not texts:
            return
        for entries in self._known.values():
            entries[:] = [
                one
                for one in entries
                if one.above(template).get(template.names[-1]) != texts[-1]
                and not (
                    quote(str(one.value), safe="") == texts[-1]
                    and one.texts[: len(texts) - 1] == texts[:-1]
                )
            ]

    def _fillings_from(self, operation: Operation) -> Mapping[_Key, Filling]:
        """The ways to fill any parameter from an answer of *operation*."""
        if self._sources is None:
            self._sources = {}
            for other in self._contract.operations:
                for filling in self._resources.fillings(other):
                    own = self._sources.setdefault(filling.source.name, {})
                    own.setdefault(_key(filling), filling)
        return self._sources.get(operation.name, {})

    # -- filling ------------------------------------------------------------------------------

    def filled(self, case: Case) -> Case | None:
        """*case* with real values in it; None: it is held back."""
        operation = self._contract.find_operation(case.operation)
        filled = self._filled(case, operation)
        if filled is None or operation is None:
            return filled
        return self.keyed(self._conditional(filled, operation), operation)

    def _conditional(self, case: Case, operation: Operation) -> Case:
        """*case* with an If-Match that anything meets, where it would be refused without (428)."""
        parameter = operation.condition
        if (
            parameter is None
            or ("header", parameter.name) in self._settings.given(operation).parameters
        ):
            return case
        is_about = f"header {parameter.name}" in case.sent or not is_field(parameter, "*")
        is_left_out = parameter.required and case.request.field(parameter.name) is None
        if is_about or is_left_out:
            return case
        return replace(case, request=with_field(case.request, parameter.name, "*"))

    def keyed(self, case: Case, operation: Operation) -> Case:
        """*case* under an idempotency key of its own, where it has one that is good.

        What comes under the key of another request is that request, and is not done again.
        """
        parameter, request = operation.idempotency_key, case.request
        text = request.field(parameter.name) if parameter is not None else None
        if parameter is None or text is None or not is_field(parameter, text):
            return case
        name, given = parameter.name, self._settings.given(operation).parameters
        if f"header {name}" in case.sent or ("header", name) in given:
            return case
        return replace(case, request=with_field(request, name, self.new_key(parameter) or text))

    def new_key(self, parameter: Parameter) -> str | None:
        """A key for *parameter* that no request has had, of this run or of another."""
        self._keyed += 1
        keys = keys_for(parameter, self._keys.child("key", self._keyed))
        return next((text for text in keys if is_field(parameter, text)), None)

    def _filled(self, case: Case, operation: Operation | None) -> Case | None:
        method = case.request.method
        if self._settings.safe and method not in SAFE_METHODS:
            return None
        if operation is None:
            # of no operation of the document: there might be something all the same
            return case if method in (*_LOOKS, "POST") or self._settings.allow_destructive else None
        given = {pointers.of(tokens_of(name)) for name in self._settings.given(operation).members}
        referring = self._taken.anew(self._referring(case, operation, given), operation, but=given)
        if self._settings.allow_destructive or not self.touches(operation, method):
            fixed = self._settings.given(operation).parameters
            values = self._real(operation, case.parameters, fixed, newest=method == "DELETE")
            filled = self._own_named(_with(referring, operation, values), operation)
            return replace(filled, exists=self._is_there(filled, operation))
        careful = self._careful(referring, operation)
        return None if careful is None else self._own_named(careful, operation)

    def _referring(self, case: Case, operation: Operation, given: Collection[str]) -> Case:
        """*case* with names of things that are there where its body, not at *given*, has others.

        Where none is known, whether the request is fine is not known either.
        """
        if case.intent != "valid" or not case.request.body:
            return case
        places = dict.fromkeys(
            filling.name
            for filling in self._resources.fillings(operation)
            if filling.location == "body" and filling.name not in given
        )
        body: bytes | None = case.request.body
        value, entry = case.value, body_type(operation)
        for at in places:
            old = pointers.find(value, at)
            if old is None:
                continue
            known = self._candidates(operation, "body", at)
            if not known or body is None:
                return case.unsure()
            one: Any = known[0].value
            if isinstance(old, list):
                one = list(dict.fromkeys(each.value for each in known))[: len(old)]
            new = put(value, pointers.split(at), one)
            body = references.rewritten(body, value, new, change=(old, one), entry=entry)
            value = new
        if body is None:
            return case.unsure()
        return replace(case, request=replace(case.request, body=body))

    def made_up(self, case: Case) -> frozenset[str]:
        """The members of *case*, and its parameters, that refer to what nobody here has heard of.

        Whether a valid request is fine is not known, then; nor where a beginning and an end in it
        were drawn, a name is taken that may be there once, or a member that nobody speaks of is
        sent: these are among them.
        """
        operation = self._contract.find_operation(case.operation)
        taken = self._taken.repeated(case.value, operation) if operation is not None else set()
        if operation is not None:
            taken |= set(references.undeclared(case.value, of_request(operation)))
        query = parse_qsl(case.request.target.partition("?")[2])
        related = {*references.related(dict(query)), *references.related(case.value), *taken}
        found = [pair for pair in query if references.refers(*pair)]
        logs_in = operation is not None and references.logs_in(operation)
        things = {*self._things, *(references.KNOWN if logs_in else ())}
        found += references.in_body(case.value, things=things)
        for filling in self._resources.fillings(operation) if operation is not None else ():
            at, name = filling.location, filling.name
            if at == "body" and (value := pointers.find(case.value, name)) is not None:
                found.append((pointers.split(name)[-1], value))
            found += [pair for pair in query if ("query", pair[0]) == (at, name)]
        if found:
            known = {str(one.value) for entries in self._known.values() for one in entries}
            related.update(name for name, value in found if str(value) not in known)
        members = case.value if isinstance(case.value, dict) else {}
        names = [*members, *(name.partition("[")[0] for name, _ in query)]
        return frozenset(related.union(filter(is_selection, names)))

    def named_apart(self, operation: Operation, value: Any) -> Any:
        """*value*, which *operation* may be sent, with other values for what may be there once."""
        return self._taken.apart(value, operation)

    def is_untaken(self, case: Case) -> bool:
        """Whether *case* refers to something, and no answer of its operation was a success yet.

        What it refers to is there; but whether it is in a state for this nobody knows.
        """
        operation = self._contract.find_operation(case.operation)
        if operation is None or operation.name in self._done:
            return False
        return any(
            filling.location == "body" and pointers.find(case.value, filling.name) is not None
            for filling in self._resources.fillings(operation)
        )

    def _own_named(self, case: Case, operation: Operation) -> Case:
        """*case* with the name that its path has for the item, where its body has one too.

        Many servers refuse what calls itself otherwise (JSON:API: 409).
        """
        resource, role = self._resources.of(operation), self._resources.role(operation)
        if resource is None or resource.identifier is None or role not in ("update", "replace"):
            return case
        text = _texts(operation, case.request).get(resource.parameter or "")
        at = (resource.sent(operation) or "") + resource.identifier
        old = pointers.find(case.value, at)
        if text is None or type(old) not in (str, int) or not case.request.body:
            return case
        name = unquote(text)
        new = name if isinstance(old, str) else int(name) if name.isdigit() else old
        value = put(case.value, pointers.split(at), new)
        entry = body_type(operation)
        schema = entry.schema if entry is not None else None
        if schema is None or schema.is_valid(value) != schema.is_valid(case.value):
            return case  # it is what the case is about
        body = references.rewritten(
            case.request.body, case.value, value, change=(old, new), entry=entry
        )
        if body is None:
            return case
        return replace(case, request=replace(case.request, body=body), value=value)

    def _is_there(self, case: Case, operation: Operation) -> bool:
        """Whether *case* reads an item that this run has made, in what it was made in, lately.

        A server need not keep everything for ever.
        """
        last = _last(operation)
        if self._resources.role(operation) != "read" or case.request.method != operation.method:
            return False
        texts, parameter = _texts(operation, case.request), parameter_of(operation, last)
        above = {name: text for name, text in texts.items() if name != last}
        shape = shape_of(operation.path)[0]
        seen = self._sighted.get((shape, texts.get(last) or ""), -_LATELY)
        return self._kept - seen < _LATELY and any(
            one.made == shape
            and texts.get(last) == in_path(parameter, one.value)
            and above.items() <= one.above(operation.template).items()
            for one in self._candidates(operation, "path", last)
        )

    def spares(self, case: Case, operation: Operation) -> bool:
        """Whether *case* is for no item at all, and would change what is there: it is held back.

        Whoever asks has chosen an item that he has made, if it is for one.
        """
        if self.is_spared(operation, case.request.method):
            self._hold_back(case, _NOT_MADE)
            return True
        return False

    def is_spared(self, operation: Operation, method: str) -> bool:
        """Whether *method*, of the path of *operation*, is never sent, since it is for no item."""
        is_careful = not self._settings.allow_destructive and not operation.template.names
        return is_careful and self.touches(operation, method)

    def touches(self, operation: Operation, method: str) -> bool:
        """Whether *method*, of the path of *operation*, may change what is there already."""
        if method in _LOOKS:
            return False
        has_names, is_declared = bool(operation.template.names), method == operation.method
        if method == "POST":
            return has_names and not (is_declared and self._adds(operation))
        # an undeclared method may be there all the same, where there are things
        return is_declared or has_names or self._resources.of(operation) is not None

    def _adds(self, operation: Operation) -> bool:
        """Whether *operation* adds something beside what is there, or only looks."""
        resource, role = self._resources.of(operation), self._resources.role(operation)
        # what is created at its own path might be there
        is_own = resource is not None and shape_of(resource.path) == shape_of(operation.path)
        return role in ("search", "list") or (role == "create" and not is_own)

    def _careful(self, case: Case, operation: Operation) -> Case | None:
        """*case* for an item that this run has made, or for none that there is."""
        if not operation.template.names:
            self._hold_back(case, _NOT_MADE)
            return None
        key = "path", _last(operation)
        # what is deleted is the newest: there is something to read as long as may be
        newest = case.request.method == "DELETE"
        values = self._real(operation, case.parameters, {}, only_made=key[1], newest=newest)
        if key not in values:
            absent = self._absent_value(operation, key[1])
            self._hold_back(case, _NONE_MADE)
            if absent is UNSET:
                return None
            values = {**values, key: absent}
            if case.intent == "valid":
                # a refusal may be of the name, whatever it says: 400 where it is no UUID
                case = case.unsure()
        else:
            self._reached.add(operation.name)
            self.held_back.pop(operation.name, None)
        filled = _with(case, operation, values)
        text = _texts(operation, filled.request).get(key[1])
        if text == in_path(parameter_of(operation, key[1]), values[key]):
            return filled
        # the case is about this very value: an item of another name might be meant by it
        is_nobodys = case.intent == "invalid" and _MADE_UP.fullmatch(text or "")
        return filled if is_nobodys or text is None else None

    def _hold_back(self, case: Case, why: str) -> None:
        is_declared = case.operation.startswith(f"{case.request.method} ")
        if is_declared and case.operation not in self._reached:
            self.held_back.setdefault(case.operation, why)

    def path(self, operation: Operation, parameters: Values) -> dict[str, Any]:
        """The best values there are for the path of *operation*, which otherwise has *parameters*.

        It is for requests that add something, or only look.
        """
        given = self._settings.given(operation).parameters
        real = self._real(operation, parameters, given)
        known = {**parameters, **real, **given}
        return {name: value for (location, name), value in known.items() if location == "path"}

    def _real(
        self,
        operation: Operation,
        parameters: Values,
        given: Values,
        *,
        only_made: str = "",
        newest: bool = False,
    ) -> dict[tuple[str, str], Any]:
        """What the run knows for *parameters* of *operation*, but those *given*.

        The last variable of a path is chosen first: what it belongs to stands above it.  It is
        *only_made* of which nothing will do that the run has not made, the *newest* of several.
        """
        values: dict[tuple[str, str], Any] = {}
        template = operation.template
        fixed = {
            name: in_path(parameter_of(operation, name), given["path", name])
            for name in template.names
            if ("path", name) in given
        }
        for name in reversed(template.names):
            if name in fixed:
                if ("path", name) not in given:
                    values["path", name] = unquote(fixed[name])
                continue
            shape = _shape_to(operation, name)
            found = [
                one
                for one in self._candidates(operation, "path", name)
                if name != only_made or (one.made == shape and self._is_sure(one, template, given))
                if fixed.items() <= {**fixed, **one.above(template)}.items()
            ]
            if found:
                # what is deleted is ours where we have any, whatever is allowed
                ours = [one for one in found if one.made] or found
                # what may be in the state for it, if any
                ours = [one for one in ours if not self._is_unfit(operation, one)] or ours
                chosen = ours[-1] if newest else ours[0]
                inner = operation.path.partition(f"{{{name}}}")[0] + f"{{{name}}}"
                values["path", name] = named_by(chosen.value, inner, name)
                fixed = {**chosen.above(template), **fixed}
        for location, name in sorted(parameters.keys() - given.keys()):
            if location != "path":
                for known in self._candidates(operation, location, name)[:1]:
                    values[location, name] = known.value
        return values

    def _is_unfit(self, operation: Operation, one: Known) -> bool:
        return (operation.name, quote(str(one.value), safe="")) in self._unfit

    def _is_sure(self, one: Known, template: PathTemplate, given: Values) -> bool:
        """Whether all of *template* is known of *one*, which the run has made.

        Of another's, that is below something else, its name may be the same.
        """
        above = one.above(template)
        return all(name in above or ("path", name) in given for name in template.names[:-1])

    def made(self, operation: Operation) -> int:
        """How many items this run has made, and not deleted, that *operation* is for."""
        name = _last(operation)
        shape = _shape_to(operation, name)
        known = self._candidates(operation, "path", name) if name else []
        return len({(str(one.value), one.texts) for one in known if one.made == shape})

    def _candidates(self, operation: Operation, location: str, name: str) -> list[Known]:
        """What is known for a parameter: what the run made comes first."""
        keys = [
            _key(filling)
            for filling in self._resources.fillings(operation)
            if (filling.location, filling.name) == (location, name)
        ]
        if location == "path" and name == _last(operation):
            keys.append(_named(operation))
        known = [one for key in dict.fromkeys(keys) for one in self._known.get(key, ())]
        return sorted(known, key=lambda one: not one.made)

    # -- what there is not --------------------------------------------------------------------

    def _absent_value(self, operation: Operation, name: str) -> Any:
        """A value of the variable *name* that surely no item has; UNSET where there is none."""
        key = operation.name, name
        if key not in self._absent:
            seed = Seed.of("absent", *key, self._settings.seed)
            self._absent[key] = absent_value(operation, name, seed)
        return self._absent[key]

    def _absent_text(self, operation: Operation) -> tuple[str, ...]:
        """The last text of a path that was made up for *operation*, if one was."""
        name = _last(operation)
        value = self._absent.get((operation.name, name), UNSET)
        return () if value is UNSET else (in_path(parameter_of(operation, name), value),)


def _sweeps(operation: Operation) -> bool:
    """Whether *operation*, which is of no resource, may take away what is of any."""
    texts = (operation.operation_id or "", operation.path, operation.summary)
    words = {word for text in texts for word in words_of(text)}
    return operation.method == "DELETE" or bool(words & _SWEEPING)


def _key(filling: Filling) -> _Key:
    return filling.source.name, filling.status, f"{filling.items} {filling.expression}"


def _named(operation: Operation) -> _Key:
    """What was made by giving it a name at the path of *operation*."""
    return "", "", operation.template.shape


def _last(operation: Operation) -> str:
    """The variable that a path ends with, or of which something stands below it."""
    return operation.template.names[-1] if operation.template.names else ""


def _texts(operation: Operation, request: Request) -> dict[str, str]:
    """What *request* has for the variables of the path of *operation*."""
    template = operation.template
    match = template.pattern.fullmatch(request.target.partition("?")[0])
    return dict(zip(template.names, match.groups(), strict=True)) if match else {}


def _with(case: Case, operation: Operation, values: Values) -> Case:
    request = refilled(operation, case.request, old=case.parameters, new=values)
    return case if request == case.request else replace(case, request=request)


def _shape_to(operation: Operation, name: str) -> _Shape:
    """The shape of the path of *operation* up to its variable *name*."""
    shape, names = shape_of(operation.path)
    ends = [index for index, segment in enumerate(shape, 1) if segment == "{}"]
    return next((shape[:end] for end, own in zip(ends, names, strict=True) if own == name), shape)


def _first(status: str) -> int:
    """A status that *status*, which may be a range or `default`, stands for."""
    return int(status.replace("X", "0")) if status[0].isdigit() else 200


def with_field(request: Request, name: str, text: str) -> Request:
    """*request* with the field *name* that says *text*, and no other of that name."""
    return request.having((name, text))
