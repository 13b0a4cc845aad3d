"""The control API: requests in, replies out, as spec/control.yaml describes it.

That document is read like any other: it says which operation a request means and whether it is
allowed, and what a parameter's value is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import islice
from typing import Any

from troth import loading, pointer
from troth.errors import MethodNotAllowed, NoSuchPath, TrothError
from troth.http import json_text, sse
from troth.http.exchange import Fields, Request
from troth.openapi.contract import Contract, NoSuchOperation
from troth.openapi.operation import Match, Operation, Parameter
from troth.validation import validator
from troth.validation.parameters import read_parameters
from troth_mock import pace as paces
from troth_mock.control import Control, Order
from troth_mock.inspector.chat_places import chat_places
from troth_mock.inspector.code import LANGUAGES
from troth_mock.inspector.decoding import verdict_on
from troth_mock.inspector.exchanges import Exchanges, Json, body_of, fields_of
from troth_mock.inspector.journal import Entry, Journal, What
from troth_mock.inspector.operations import addressed, request_of
from troth_mock.inspector.wire import Events
from troth_mock.plan import Plan
from troth_mock.reply import JSON, Reply, why_unsaid
from troth_mock.responding.problems import Problem, of_violations
from troth_mock.responding.responder import Responder
from troth_mock.storage.sessions import Item

_NO_STORE: Fields = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_JSON: Fields = (*JSON, *_NO_STORE)
_TEXT: Fields = (("Content-Type", "text/plain; charset=utf-8"), *_NO_STORE)
_STREAM: Fields = (("Content-Type", "text/event-stream"), *_NO_STORE)
#: In a list that is longer, the others have a request only when they are asked for alone.
_MOST_TRIED = 30
#: So many of what is stored are offered for a parameter.
_MOST_STORED = 50
#: So many items are told, and so many bytes of all of them: what is long keeps others waiting.
_MOST_ITEMS, _MOST_SHOWN = 1000, 2 * 1024 * 1024


#: An answer that takes a while: after each step others may have their turn.
Steps = Generator[None, None, Reply]


@dataclass(frozen=True, slots=True)
class Following:
    """A stream of what happens: its *reply* so far, and for how many *seconds* it goes on.

    *session* is the one that is followed, None for all.
    """

    reply: Reply
    session: str | None
    seconds: float | None


@dataclass(frozen=True)
class Mock:
    """The mock that is controlled: what it serves, what it had, and how it is made as it was."""

    contract: Contract
    responder: Responder
    control: Control
    journal: Journal
    url: str
    base_url: str
    reset: Callable[[str | None], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of the API, read: the values of its parameters by name, and its JSON."""

    parameters: Mapping[str, Any]
    json: Any

    @property
    def session(self) -> str | None:
        """The session that is meant; None for all."""
        session: str | None = self.parameters.get("session")
        return session


class Refused(TrothError):
    """What a request asks for cannot be: *problem* says why."""

    problem: Problem


@cache
def control_contract() -> Contract:
    """The contract of the API itself, read when it is first asked for."""
    return loading.load(loading.control_document())


class ControlApi:
    """Answers the requests of the control API of one *mock*; *exchanges* reads its journal."""

    def __init__(self, mock: Mock, exchanges: Exchanges) -> None:
        self.mock = mock
        self.exchanges = exchanges

    @property
    def contract(self) -> Contract:
        """The contract of the API itself."""
        return control_contract()

    def respond(self, request: Request) -> Reply | Following | Steps:
        """Answer *request*, whose sender may drive the mock."""
        try:
            match = self.contract.match(request.method, request.target)
        except NoSuchPath:
            return Problem(404, "the control API has no such path", "unknown_path").reply()
        except MethodNotAllowed as fault:
            allow = (("Allow", ", ".join(fault.allowed)),)
            return Problem(405, str(fault), fields=allow).reply()
        violations = [
            one
            for one in validator.request_violations(match, request, hints=False)
            # texts of faults and paces have grammars of their own, which take more and say better
            # what is wrong
            if one.code != "request-body.pattern"
        ]
        if violations:
            return of_violations(self.contract, match.operation, violations).reply()
        try:
            return self._answer(match, request)
        except Refused as refusal:
            return refusal.problem.reply()

    def _answer(self, match: Match, request: Request) -> Reply | Following | Steps:
        asked = _Asked(
            {
                name: value
                for location in ("path", "query", "header")
                for name, value in read_parameters(match, request, location).items()
            },
            # to what takes no body one may be sent all the same
            json_text.decode(request.body) if match.operation.request_body else None,
        )
        name = match.operation.operation_id or ""
        if name in _TEXTS:
            return Reply(200, _TEXT, _TEXTS[name](self, asked).encode("utf-8", "replace"))
        if name == "followEvents":
            return self._follow(asked)
        if name in _IN_TURNS:
            return _IN_TURNS[name](self, asked)
        answer = _ANSWERS[name](self, asked)
        if answer is None:
            return Reply(204, _NO_STORE, None)
        return Reply(200, _JSON, json_text.encode(answer))

    # -- the journal --------------------------------------------------------------------------

    def exchanges_asked(self, asked: _Asked) -> Steps:
        """The exchanges that are asked for, newest first."""
        limit = int(asked.parameters.get("limit", 100))
        found: list[Json] = []
        more = False
        for entry in self._chosen(asked):
            if entry is not None:
                if len(found) == limit:
                    more = True
                    break
                found.append(self.exchanges.summary(entry))
            yield
        return Reply(200, _JSON, json_text.encode({"exchanges": found, "more": more}))

    def _chosen(self, asked: _Asked) -> Iterator[Entry | None]:
        """The entries that are asked for, and None for each that is not."""
        wanted = asked.parameters
        after, before = wanted.get("after"), wanted.get("before")
        operation = wanted.get("operation")
        names = None if operation is None else self._names(operation)
        # more may come between two steps
        for entry in tuple(self.mock.journal.newest_first()):
            if after is not None and entry.number <= after:
                return
            is_meant = (
                (before is None or entry.number < before)
                and asked.session in (None, entry.session)
                and (names is None or self.exchanges.summary(entry)["operation"] in names)
                and (
                    "status" not in wanted
                    or _has_status(self.exchanges.summary(entry)["status"], wanted["status"])
                )
                and ("text" not in wanted or self.exchanges.contains(entry, wanted["text"]))
            )
            yield entry if is_meant else None

    def _names(self, operation: str) -> tuple[str, ...]:
        try:
            return (self.mock.contract.operation(operation).name,)
        except NoSuchOperation:
            return ()

    def forget_exchanges(self, asked: _Asked) -> None:
        """Forget the exchanges of a session, or all."""
        session = asked.session
        if session is None:
            self.mock.journal.forget()
        else:
            self.mock.journal.forget(lambda entry: entry.session == session)

    def exchange(self, asked: _Asked) -> Json:
        """All of one exchange."""
        entry = self._entry(asked)
        verdict = self._verdict(only=entry.number) if "fault" in entry.labels else None
        return {**self.exchanges.whole(entry), "verdict": verdict and verdict["items"][0]}

    def code(self, asked: _Asked) -> str:
        """The request of an exchange as a program."""
        entry = self._entry(asked)
        write = LANGUAGES[asked.parameters.get("as", "curl")]
        is_stream = self.exchanges.is_stream(entry)
        return write(self.exchanges.request(entry), self.mock.url, is_stream=is_stream)

    def _entry(self, asked: _Asked) -> Entry:
        number = int(asked.parameters["id"])
        entry = self.mock.journal.find(number)
        if entry is None:
            sentence = f"there is no exchange {number}, or it was forgotten"
            raise Refused(Problem(404, sentence, param="id"))
        return entry

    def verdict(self, asked: _Asked) -> Json:
        """What the client did after each fault."""
        return self._verdict(session=asked.session)

    def _verdict(self, *, session: str | None = None, only: int | None = None) -> Json:
        mock = self.mock
        found = verdict_on(mock.journal, mock.contract, session=session, only=only)
        redact = self.exchanges.redactor.text
        items = [{**item, "message": redact(item["message"])} for item in found.as_json()["items"]]
        return {"ok": found.ok, "items": items}

    # -- what happens, as it happens ------------------------------------------------------------

    def _follow(self, asked: _Asked) -> Following:
        """The stream of what happens, begun with what was missed since the last event that came."""
        last = asked.parameters.get("Last-Event-ID")
        missed = b""
        if last is not None:
            entries = [
                entry
                for entry in self.mock.journal.newest_first()
                if entry.change > int(last) and asked.session in (None, entry.session)
            ]
            missed = b"".join(
                self.event("begun" if entry.ended is None else "ended", entry)
                for entry in reversed(entries)
            )
        reply = Reply(200, _STREAM, self.switched() + missed)
        return Following(reply, asked.session, asked.parameters.get("seconds", 0.0))

    def event(self, what: What, entry: Entry | None) -> bytes:
        """What happened to *entry*, as a server-sent event; nothing for a step of no stream."""
        if entry is None:
            return self._event(what, {})
        if what == "event":
            return b"".join(self._event(what, step) for step in self._steps(entry))
        return self._event(what, self.exchanges.summary(entry))

    def switched(self) -> bytes:
        """The event that says what is switched on."""
        return self._event("switches", self.switches())

    def reloaded(self) -> bytes:
        """The event that says that the document was read anew."""
        return self._event("reloaded", self.info(_Asked({}, None)))

    def lost(self) -> bytes:
        """The event that says that there were more than could be sent."""
        return self._event("lost", {})

    def _event(self, name: str, value: Json) -> bytes:
        text = json_text.encode(value).decode()
        return sse.encode(sse.Event(name, text, str(self.mock.journal.change)))

    def _steps(self, entry: Entry) -> Iterator[Json]:
        """The events of the stream of *entry* that came since this was asked last."""
        events, fed, count = entry.known.setdefault("live", [Events(), 0, 0])
        redact = self.exchanges.redactor_for(entry).text
        for at, data in entry.pieces[fed:]:
            fed += 1
            for event in events.feed(at, data):
                text = redact(event.text)
                at = round(event.at, 6)
                yield {"exchange": entry.number, "number": count, "at": at, "text": text}
                count += 1
        entry.known["live"] = [events, fed, count]

    # -- the switches ---------------------------------------------------------------------------

    def switches(self) -> Json:
        """What is switched on."""
        control = self.mock.control
        return {
            "pace": paces.text_of(control.pace),
            "faults": list(control.faults.texts(None)),
            "scenarios": control.scenarios.active if control.scenarios is not None else [],
            "orders": len(control.orders.of(None)),
            "record": control.recorded,
        }

    def reset(self, asked: _Asked) -> None:
        """Make everything as it was at the start."""
        self.mock.reset(asked.session)

    def faults(self, asked: _Asked) -> Json:
        """The faults that are switched on."""
        return {"faults": list(self.mock.control.faults.texts(asked.session))}

    def set_faults(self, asked: _Asked) -> Json:
        """Switch other faults on."""
        with _refusing("faults"):
            self.mock.control.put_faults(asked.json["faults"], session=asked.session)
        return self.faults(asked)

    def stop_faults(self, asked: _Asked) -> None:
        """Switch all faults off."""
        self.mock.control.put_faults((), session=asked.session)

    def pace(self, asked: _Asked) -> Json:
        """The pace that is set."""
        return {"pace": paces.text_of(self.mock.control.pace), "profiles": list(paces.PROFILES)}

    def set_pace(self, asked: _Asked) -> Json:
        """Set another pace."""
        with _refusing("pace"):
            self.mock.control.pace = paces.read(asked.json["pace"])
        self.mock.control.changed()
        return self.pace(asked)

    def orders(self, asked: _Asked) -> Json:
        """The answers that are ordered."""
        found = self.mock.control.orders.of(asked.session)
        return {"orders": [{**order.wanted, "times": order.left} for order in found]}

    def order(self, asked: _Asked) -> Json:
        """Order an answer."""
        wanted, control = asked.json, self.mock.control
        name = wanted.get("operation")
        if name is not None and not self._names(name):
            sentence = f"the document has no operation {name!r}"
            raise Refused(Problem(409, sentence, "unknown_operation", "/operation"))
        for index, each in enumerate(wanted.get("fields", ())):
            why = why_unsaid(each["name"])
            if why is not None:
                raise Refused(Problem(400, why, param=f"/fields/{index}/name"))
        extra = Plan()
        with _refusing("/fault"):
            if "fault" in wanted:
                extra = Plan(faults=control.faults.read((wanted["fault"],)))
        with _refusing("/pace"):
            if "pace" in wanted:
                extra = extra.before(Plan(pace=paces.read(wanted["pace"])))
        size = len(json_text.encode(wanted))
        control.orders.add(Order(wanted, asked.session, int(wanted.get("times", 1)), extra, size))
        control.changed()
        return self.orders(asked)

    def cancel_orders(self, asked: _Asked) -> None:
        """Give none of the ordered answers."""
        self.mock.control.orders.reset(asked.session)
        self.mock.control.changed()

    def scenarios(self, asked: _Asked) -> Json:
        """The scenarios by their files."""
        source = self.mock.control.scenarios
        if source is None:
            return {"active": [], "files": []}
        active, calls = source.active, source.scenarios.calls(asked.session or "")
        files = [
            {
                "file": str(file.path),
                "error": None if file.error is None else str(file.error),
                "scenarios": [
                    {
                        "name": one.name,
                        "line": one.place.line if one.place is not None else 1,
                        "active": one.name in active,
                        "calls": calls.get(one.name, 0),
                    }
                    for one in file.scenarios
                ],
            }
            for file in source.scenarios.files
        ]
        return {"active": active, "files": files}

    def set_scenarios(self, asked: _Asked) -> Json:
        """Say which scenarios answer."""
        source, wanted = self.mock.control.scenarios, asked.json
        if source is not None and wanted.get("reload"):
            source.scenarios.reload()
        known = {one.name for one in source.scenarios.all} if source is not None else set()
        for name in wanted.get("active") or ():
            if name not in known:
                sentence = f"no scenario is called {name[:200]!r}"
                raise Refused(Problem(409, sentence, "unknown_scenario", "/active"))
        if source is not None and "active" in wanted:
            active = wanted["active"]
            source.scenarios.active = None if active is None else frozenset(active)
        self.mock.control.changed()
        return self.scenarios(asked)

    # -- what is mocked ---------------------------------------------------------------------------

    def info(self, asked: _Asked) -> Json:
        """What is mocked, and what is switched on."""
        mock, contract = self.mock, self.mock.contract
        root = contract.document.root.get("info") or {}
        chat = next((one.name for one in contract.operations if one.completion), None)
        return {
            "title": str(root.get("title", "")),
            "version": str(root.get("version", "")),
            "document": contract.document.file,
            "url": mock.url,
            "base_url": mock.base_url,
            "pid": os.getpid(),
            "troth": version("troth"),
            "operations": len(contract.operations),
            "chat": chat,
            "faults_in_document": [str(fault) for fault in contract.faults],
            "control_fields": mock.control.fields is not None and mock.control.fields.is_on,
            "switches": self.switches(),
        }

    def state(self, asked: _Asked) -> Json:
        """What is stored, by session and collection."""
        collections: list[Json] = []
        sessions, redactor = self.mock.responder.sessions(), self.exchanges.redactor
        left, room = _MOST_ITEMS, _MOST_SHOWN
        for name, session in sessions.items():
            for (path, values), found in session.collections.items():
                if asked.session not in (None, name):
                    continue
                items = list(_first(found.items, left, room))
                left -= len(items)
                room -= sum(item.size for _, item in items)
                collections.append(
                    {
                        "session": name,
                        "path": path,
                        "values": list(values),
                        "items": [
                            {
                                "id": key,
                                "value": redactor.value(item.value),
                                "made": item.is_made,
                                "version": item.version,
                            }
                            for key, item in items
                        ],
                        "gone": list(found.gone),
                    }
                )
        return {"sessions": list(sessions), "collections": collections}

    def operations(self, asked: _Asked) -> Steps:
        """The operations, each with a request to try it."""
        contract = self.mock.contract
        name = asked.parameters.get("operation")
        names = None if name is None else self._names(name)
        chosen = [one for one in contract.operations if names is None or one.name in names]
        seed = int(asked.parameters.get("seed", 0))
        tried = _MOST_TRIED if names is None else 1
        told = []
        for number, one in enumerate(chosen):
            told.append(self._operation(one, seed if number < tried else None, asked.session))
            yield
        return Reply(200, _JSON, json_text.encode({"operations": told}))

    def _operation(self, operation: Operation, seed: int | None, session: str | None) -> Json:
        contract = self.mock.contract
        request, stored = None, []
        if seed is not None:
            request = request_of(contract, operation, seed=seed, token="any")
            stored = self.mock.responder.addresses(operation, session or "")
        if request is not None and stored:
            request = addressed(operation, request, stored[(seed or 0) % len(stored)])
        source = contract.document.root["paths"].get(operation.path, {})
        raw = source.get(operation.method.lower(), {}) if isinstance(source, dict) else {}
        return {
            "name": operation.name,
            "method": operation.method,
            "path": operation.path,
            "operation_id": operation.operation_id,
            "summary": operation.summary or None,
            "description": raw.get("description"),
            "tags": list(operation.tags),
            "deprecated": raw.get("deprecated") is True,
            "streams": any(entry.is_stream for entry in operation.answer_types),
            "chat": chat_places(operation),
            "parameters": [
                {
                    "name": parameter.name,
                    "in": parameter.location,
                    "required": parameter.required,
                    "description": _described(contract, parameter),
                    "stored": _texts(parameter, stored),
                }
                for parameter in operation.parameters
            ],
            "statuses": [each.status for each in operation.responses],
            "request": None if request is None else _as_json(request),
        }


def _texts(parameter: Parameter, stored: Sequence[Mapping[str, str]]) -> list[str]:
    """What *parameter* may be, by the addresses of what is *stored*."""
    if parameter.location != "path":
        return []
    texts = (texts[parameter.name] for texts in stored if parameter.name in texts)
    return list(dict.fromkeys(texts))[:_MOST_STORED]


def _described(contract: Contract, parameter: Parameter) -> str | None:
    raw = pointer.find(contract.document.root, parameter.pointer)
    text = raw.get("description") if isinstance(raw, dict) else None
    return text if isinstance(text, str) else None


@contextmanager
def _refusing(place: str) -> Iterator[None]:
    """Turn what troth says of a text at *place* into the refusal of the request that had it."""
    try:
        yield
    except Refused:
        raise
    except TrothError as fault:
        raise Refused(Problem(400, str(fault), param=place)) from fault


def _first(items: Mapping[str, Item], most: int, room: int) -> Iterator[tuple[str, Item]]:
    """The first of *items*: at most so many, and of what was given so many bytes."""
    for key, item in islice(items.items(), most):
        room -= item.size
        if room < 0:
            return
        yield key, item


def _has_status(status: int | None, wanted: str) -> bool:
    return status is not None and (
        str(status) == wanted or (wanted.endswith("xx") and str(status)[0] == wanted[0])
    )


def _as_json(request: Request) -> Json:
    return {
        "method": request.method,
        "target": request.target,
        "fields": fields_of(request.fields),
        "body": body_of(request.body, request.fields, len(request.body), is_cut=False),
    }


_TEXTS: Mapping[str, Callable[[ControlApi, _Asked], str]] = {"getCode": ControlApi.code}
#: What answers each operation of the document, by its operationId; None is an empty answer.
_ANSWERS: Mapping[str, Callable[[ControlApi, _Asked], Json | None]] = {
    "getInfo": ControlApi.info,
    "forgetExchanges": ControlApi.forget_exchanges,
    "getExchange": ControlApi.exchange,
    "reset": ControlApi.reset,
    "getVerdict": ControlApi.verdict,
    "getScenarios": ControlApi.scenarios,
    "setScenarios": ControlApi.set_scenarios,
    "getFaults": ControlApi.faults,
    "setFaults": ControlApi.set_faults,
    "stopFaults": ControlApi.stop_faults,
    "getPace": ControlApi.pace,
    "setPace": ControlApi.set_pace,
    "getNext": ControlApi.orders,
    "orderAnswer": ControlApi.order,
    "cancelOrders": ControlApi.cancel_orders,
    "getState": ControlApi.state,
}
#: What takes a while, and lets others have their turn.
_IN_TURNS: Mapping[str, Callable[[ControlApi, _Asked], Steps]] = {
    "listExchanges": ControlApi.exchanges_asked,
    "listOperations": ControlApi.operations,
}
