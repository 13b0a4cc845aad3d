"""From exchanges with a real server to scenario files, which then answer without it.

A recorded scenario answers what asks the same: the operation, what its path and query say, and the
members of its body.  Secrets are taken out by the registry that reports use; what stood in the
place of one is not asked for.  When each part came is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

from troth.conformance.redaction import MARK, Redactor
from troth.document.yaml_writer import dump_yaml
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http import content_coding, json_text, media_type, sse
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, MediaType, Operation
from troth.seed import Seed
from troth_mock.responding import negotiation
from troth_mock.responding.sequences import EVENT_FIELDS
from troth_mock.responding.written_answers import ABSENT, WrittenAnswer
from troth_mock.scenario.holding import Holder
from troth_mock.scenario.situation import Situation

#: Fields of an answer that are recorded beside those that the document declares.
_KEPT = re.compile(r"location|retry-after|etag|link|x-ratelimit-.*|ratelimit.*", re.IGNORECASE)
_TYPES = MimeTypes(filenames=())  # Python's own table: the machine's may differ
_MILLISECONDS = 3


@dataclass(frozen=True, slots=True)
class Recording:
    """A scenario that was recorded: its *name*, the *text* of its file, the *files* beside it."""

    name: str
    text: str
    files: tuple[tuple[str, bytes], ...] = ()


class Recorder:
    """Writes the exchanges of one contract with the server at *url* into *folder*.

    *told* hears what is written.
    """

    def __init__(
        self, contract: Contract, folder: Path, *, url: str, told: Callable[[str], None]
    ) -> None:
        self.contract = contract
        self._folder = folder
        self._url = Redactor().text(url)
        self._told = told

    def write(self, exchange: Exchange) -> None:
        """Record *exchange*, if the document has such an operation and an answer came whole."""
        made = recorded(self.contract, exchange, url=self._url)
        if made is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, data in made.files:
            (self._folder / name).write_bytes(data)
        path = self._folder / f"{made.name}.yaml"
        # whoever watches the folder sees the whole file or none
        unfinished = path.with_name(f".{path.name}.part")
        unfinished.write_text(made.text, encoding="utf-8")
        unfinished.replace(path)
        self._told(f"recorded {path}")


def recorded(contract: Contract, exchange: Exchange, *, url: str) -> Recording | None:
    """The scenario that answers as the server at *url* did; None where none can be made."""
    try:
        match = contract.match_request(exchange.request)
    except (NoSuchPath, MethodNotAllowed):
        return None
    if exchange.response is None or exchange.fault is not None:
        return None
    plain = Redactor().exchange(exchange)
    assert plain.response is not None
    when = _when(match, exchange.request, plain.request)
    operation = match.operation
    digest = Seed.of("recording", json_text.canonical(when)).key.hex()[:8]
    name = f"{_word(operation)}-{digest}"
    files: list[tuple[str, bytes]] = []
    answer = _answer(operation, plain.response, name, files)
    if not _is_allowed(contract, operation, answer, files):
        answer["force"] = True
    seconds = round(plain.response.arrivals[0][0], _MILLISECONDS) if plain.response.arrivals else 0
    if "events" not in answer and seconds:
        answer["pace"] = f"ttft={seconds:g}"
    scenario = {"name": name, "note": f"recorded from {url}", "when": when, "answer": answer}
    return Recording(name, dump_yaml({"scenarios": [scenario]}), tuple(files))


def _word(operation: Operation) -> str:
    """A name for what *operation* answered: one that files can have."""
    return re.sub(r"[^A-Za-z0-9]+", "-", operation.operation_id or operation.name).strip("-")[:60]


# -- what is asked


def _when(match: Match, request: Request, plain: Request) -> dict[str, Any]:
    """What asks for the same as *request*, but for its secrets; *plain* is without them."""
    operation = match.operation
    when: dict[str, Any] = {"operation": operation.operation_id or operation.name}
    situation = Situation(match, request)
    if situation.path:
        when["path"] = dict(situation.path)
    query = {
        name: value
        for name, value in situation.query.items()
        if Redactor().text(f"?{name}={value}") == f"?{name}={value}"
    }
    if query:
        when["query"] = query
    if situation.body is not None:
        body = _without_secrets(situation.body, Situation(match, plain).body)
        if body is not ABSENT:
            when["body"] = {"": body}
    return when


def _without_secrets(value: Any, plain: Any) -> Any:
    """*value* without the members that are not the same in *plain*; ABSENT: none is left."""
    if isinstance(value, dict) and isinstance(plain, dict):
        parts = {name: _without_secrets(part, plain.get(name)) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not ABSENT}
    if isinstance(value, list) and isinstance(plain, list) and len(value) == len(plain):
        items = [_without_secrets(*pair) for pair in zip(value, plain, strict=True)]
        # an array is asked for whole or not at all
        return ABSENT if any(item is ABSENT for item in items) else items
    return value if value == plain else ABSENT


# -- what is answered


def _answer(
    operation: Operation, response: Response, name: str, files: list[tuple[str, bytes]]
) -> dict[str, Any]:
    """The answer that says what *response* did; what is no JSON goes into *files*."""
    answer: dict[str, Any] = {}
    if response.status != negotiation.success(operation)[0]:
        answer["status"] = response.status
    fields = dict(_fields(operation, response.fields))
    declared = operation.response(response.status)
    kind = response.content_type or ""
    entry = declared.media_type(kind) if declared is not None and kind else None
    data = _unpacked(response)
    if media_type.is_event_stream(kind):
        answer |= _events(response, entry)
    elif media_type.is_json(kind) and (value := _read(data)) is not ABSENT:
        answer["body"] = value
    elif data:
        suffix = _TYPES.guess_extension(media_type.essence(kind)) or ".bin"
        files.append((f"{name}{suffix}", data))
        fields["Content-Type"] = kind or "application/octet-stream"
        answer["file"] = f"{name}{suffix}"
    if not answer:
        answer["status"] = response.status
    return answer | ({"fields": fields} if fields else {})


def _fields(operation: Operation, fields: Fields) -> Iterator[tuple[str, str]]:
    declared = operation.responses
    names = {header.name.lower() for response in declared for header in response.headers}
    for name, value in fields:
        wanted = name.lower() in names or _KEPT.fullmatch(name)
        if wanted and name.lower() not in _OURS and MARK not in value:
            yield name, value


#: What is settled anew for each answer.
_OURS = frozenset({"content-type", "content-length", "content-encoding", "set-cookie", "date"})


def _unpacked(response: Response) -> bytes:
    try:
        data = content_coding.undone(response.body, response.fields)
    except content_coding.BadCoding:
        data = None
    return response.body if data is None else data


def _read(data: bytes) -> Any:
    try:
        return json_text.decode(data)
    except json_text.BadJson:
        return ABSENT


def _events(response: Response, entry: MediaType | None) -> dict[str, Any]:
    """The events of a stream, and when each was there; the sentinel goes without saying."""
    decoder = sse.Decoder()
    events: list[Any] = []
    times: list[float] = []
    arrivals = response.arrivals or ((0.0, response.body),)
    for seconds, piece in arrivals:
        for event in decoder.feed(piece):
            if entry is not None and event.data == entry.sentinel:
                continue
            events.append(_event(event))
            times.append(round(seconds, _MILLISECONDS))
    if not events:
        return {}
    return {"events": events, "times": times}


def _event(event: sse.Event) -> Any:
    """*event* as a scenario has it: its data alone where it has nothing else."""
    data = _read(event.data.encode("utf-8", "surrogatepass"))
    if data is ABSENT or isinstance(data, str):
        data = event.data
    named = {"event": event.type, "id": event.id, "retry": event.retry}
    told = {name: value for name, value in named.items() if value is not None}
    looks_like_one = isinstance(data, dict) and "data" in data and data.keys() <= EVENT_FIELDS
    return {"data": data, **told} if told or looks_like_one else data


def _is_allowed(
    contract: Contract,
    operation: Operation,
    answer: dict[str, Any],
    files: list[tuple[str, bytes]],
) -> bool:
    """Whether the document allows the answer, so that it need not be forced."""
    events = answer.get("events")
    written = WrittenAnswer(
        status=answer.get("status"),
        fields=tuple(answer.get("fields", {}).items()),
        body=answer.get("body", ABSENT),
        events=None if events is None else tuple(events),
    )
    if files:
        written = replace(written, data=files[0][1])
    return not any(Holder(contract).faults(operation, written))
