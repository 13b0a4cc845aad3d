"""From exchanges with a real server to scenario files, which then answer without it.

A recorded scenario answers what asks the same: the operation, what its path and query say, and the
members of its body.  Secrets are taken out by the registry that reports use; what stood in the
place of one is not asked for.  When each part came is kept.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from errno import EACCES
from mimetypes import MimeTypes
from pathlib import Path
from textwrap import indent
from typing import Any

from troth import pointer as pointers
from troth.conformance.redaction import MARK, Redactor, key_secrets, sent_secrets
from troth.document.yaml_writer import dump_yaml
from troth.http import content_coding, json_text, media_type, sse
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, MediaType, Operation
from troth.seed import Seed
from troth_mock.reply import SET_BY_SERVER, parting
from troth_mock.responding import negotiation
from troth_mock.responding.sequences import EVENT_FIELDS
from troth_mock.responding.written_answers import ABSENT, WrittenAnswer
from troth_mock.scenario.holding import Holder
from troth_mock.scenario.situation import Situation

#: Fields of an answer that are recorded beside those that the document declares.
_KEPT = re.compile(r"location|retry-after|etag|link|x-ratelimit-.*|ratelimit.*", re.IGNORECASE)
_TYPES = MimeTypes(filenames=())  # Python's own table: the machine's may differ
_MILLISECONDS = 3
#: So many answers to one request are recorded: who asks again and again for the time, say, hears
#: another one each time.
_MOST_ANSWERS = 100
#: The answers of so many requests are remembered, and so many bytes of them, so that another answer
#: to the same continues them; what was asked longest ago begins anew when it is asked again.
_MOST_REQUESTS = 1000
_MOST_BYTES = 32 << 20
#: An answer that took no longer, in seconds, was there at once.
_SHORTEST = 0.01


@dataclass(frozen=True, slots=True)
class Recording:
    """What was recorded of an exchange: the *name* of a scenario, *when* it answers, its *answer*.

    *files* are those that the answer names, which stand beside its own.
    """

    name: str
    when: dict[str, Any]
    answer: dict[str, Any]
    files: tuple[tuple[str, bytes], ...] = ()


class Recorder:
    """Writes the exchanges of one contract with the server at *url* into *folder*.

    What was asked several times, and answered otherwise each time, becomes a sequence.  *told*
    hears what is written.  *secrets* are taken out beside those that clients send.
    """

    def __init__(
        self,
        contract: Contract,
        folder: Path,
        *,
        url: str,
        told: Callable[[str], None],
        secrets: Sequence[str] = (),
    ) -> None:
        self.contract = contract
        self._folder = folder
        self.url = Redactor().text(url)
        self._told = told
        self._secrets = tuple(secrets)
        self._answers: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()
        self._sizes: dict[str, int] = {}

    def use(self, contract: Contract) -> None:
        """Record what is about the operations of *contract* from now on."""
        self.contract = contract

    def make_folder(self) -> None:
        """Make the folder, if it is not there.  Raises OSError where nothing can be written to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))

    def write(self, exchange: Exchange) -> None:
        """Record *exchange*, if the document has such an operation and an answer came whole."""
        made = recorded(self.contract, exchange, secrets=self._secrets)
        if made is None:
            return
        answers = self._remembered(made)
        path = self._folder / f"{made.name}.yaml"
        try:
            self._write(path, made, answers)
        except OSError as fault:
            # the client has its answer all the same
            self._told(f"cannot record {path}: {fault.strerror}")
        else:
            self._told(f"recorded {path}")

    def _remembered(self, made: Recording) -> Sequence[dict[str, Any]]:
        """The answers to the request of *made*, that one the last of them if it is another."""
        answers = self._answers.setdefault(made.name, [])
        self._answers.move_to_end(made.name)
        is_new = not answers or _said(answers[-1]) != _said(made.answer)
        if is_new and len(answers) < _MOST_ANSWERS:
            answers.append(made.answer)
            size = len(json_text.encode(made.answer))
            self._sizes[made.name] = self._sizes.get(made.name, 0) + size
        while len(self._answers) > _MOST_REQUESTS or (
            len(self._answers) > 1 and sum(self._sizes.values()) > _MOST_BYTES
        ):
            del self._sizes[self._answers.popitem(last=False)[0]]
        return answers

    def _write(self, path: Path, made: Recording, answers: Sequence[dict[str, Any]]) -> None:
        self.make_folder()
        for name, data in made.files:
            _put(self._folder / name, data)
        scenario = {"name": made.name, "note": f"recorded from {self.url}", "when": made.when}
        _put(path, _text(scenario, answers).encode())


def _put(path: Path, data: bytes) -> None:
    """Write *data* to *path*: whoever watches the folder sees the whole file or none."""
    unfinished = path.with_name(f".{path.name}.part")
    # whatever is there is not written through, if it is a link
    unfinished.unlink(missing_ok=True)
    with unfinished.open("xb") as stream:
        stream.write(data)
    unfinished.replace(path)


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    """What *answer* says, whenever it came."""
    return {name: value for name, value in answer.items() if name not in ("pace", "times")}


def recorded(
    contract: Contract, exchange: Exchange, *, secrets: Sequence[str] = ()
) -> Recording | None:
    """What there is to record of *exchange*, without *secrets*; None where nothing can be."""
    match = contract.find_match(exchange.request)
    if match is None or exchange.response is None or exchange.fault is not None:
        return None
    request = exchange.request
    sent = (*sent_secrets(request), *key_secrets(match, request))
    redactor = Redactor((*secrets, *sent), of_clients=True)
    plain = redactor.exchange(exchange)
    assert plain.response is not None
    when = _when(match, exchange.request, plain.request, redactor)
    if any(each.severity == "error" for each in contract.validate(Exchange(exchange.request))):
        when["valid"] = "any"  # the server may be of another mind than the document
    operation = match.operation
    digest = Seed.of("recording", json_text.canonical(when)).key.hex()[:8]
    name = f"{_word(operation)}-{digest}"
    files: list[tuple[str, bytes]] = []
    answer = _answer(operation, plain.response, name, files)
    if not _is_allowed(contract, operation, answer, files):
        answer["force"] = True
    if b"{{" in json_text.encode(answer):
        answer["templates"] = False
    seconds = round(plain.response.arrivals[0][0], _MILLISECONDS) if plain.response.arrivals else 0
    if "events" not in answer and seconds >= _SHORTEST:
        answer["pace"] = f"ttft={seconds:g}"
    return Recording(name, when, answer, tuple(files))


def _text(scenario: dict[str, Any], answers: Sequence[dict[str, Any]]) -> str:
    """The file of *scenario* with its *answers*."""
    head = dump_yaml({"scenarios": [scenario]})
    if len(answers) == 1:
        return f"{head}    answer:\n{indent(_lines(answers[0]), ' ' * 6)}"
    items = (f"      - {indent(_lines(answer), ' ' * 8).lstrip()}" for answer in answers)
    return f"{head}    answers:\n{''.join(items)}"


def _lines(answer: dict[str, Any]) -> str:
    """The lines of *answer*: each event of a stream has one."""
    aside = ("events", "times")
    lines = dump_yaml({name: value for name, value in answer.items() if name not in aside})
    if "events" not in answer:
        return lines
    # JSON is YAML too (YAML 1.2.2 §1.3)
    events = "".join(f"  - {json_text.encode(event).decode()}\n" for event in answer["events"])
    times = json_text.encode(answer["times"]).decode()
    return f"{'' if len(answer) == 2 else lines}times: {times}\nevents:\n{events}"


def _word(operation: Operation) -> str:
    """A name for what *operation* answered: one that files can have."""
    return re.sub(r"[^A-Za-z0-9]+", "-", operation.operation_id or operation.name).strip("-")[:60]


# -- what is asked


def _when(match: Match, request: Request, plain: Request, redactor: Redactor) -> dict[str, Any]:
    """What asks for the same as *request*, but for its secrets; *plain* is without them."""
    operation = match.operation
    when: dict[str, Any] = {"operation": operation.operation_id or operation.name}
    situation = Situation(match, request)
    if situation.path:
        when["path"] = dict(situation.path)
    query = {
        name: value
        for name, value in situation.query.items()
        if redactor.text(f"?{name}={value}") == f"?{name}={value}"
    }
    if query:
        when["query"] = query
    if situation.body is not None:
        body = _without_secrets(situation.body, Situation(match, plain).body)
        if isinstance(body, dict):
            when["body"] = {pointers.join("", name): value for name, value in body.items()}
        elif body is not ABSENT:
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
    lines = _lines_of(response) if MediaType(kind, "").is_sequence else None
    if media_type.is_event_stream(kind):
        answer |= _events(response, entry)
    elif lines and entry is not None:
        answer |= lines
    elif media_type.is_json(kind) and (value := json_text.decoded(data, ABSENT)) is not ABSENT:
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
_OURS = SET_BY_SERVER | {"content-type", "content-encoding", "set-cookie"}


def _unpacked(response: Response) -> bytes:
    try:
        data = content_coding.undone(response.body, response.fields)
    except content_coding.BadCoding:
        data = None
    return response.body if data is None else data


def _events(response: Response, entry: MediaType | None) -> dict[str, Any]:
    """The events of a stream, and when each was there; the sentinel goes without saying."""
    decoder = sse.Decoder()
    events: list[Any] = []
    times: list[float] = []
    arrivals = response.arrivals or ((0.0, response.body),)
    if response.field("Content-Encoding") is not None:
        arrivals = ((arrivals[-1][0], _unpacked(response)),)
    for seconds, piece in arrivals:
        for event in decoder.feed(piece):
            if entry is not None and event.data == entry.sentinel:
                continue
            events.append(_event(event))
            times.append(round(seconds, _MILLISECONDS))
    if not events:
        return {}
    return {"events": events, "times": times}


def _lines_of(response: Response) -> dict[str, Any]:
    """The texts of a sequence, and when each was there; nothing where one of them is no JSON."""
    events: list[Any] = []
    times: list[float] = []
    parted, rest = parting(response.fields), b""
    arrivals = response.arrivals or ((0.0, response.body),)
    # the last line may have no end
    for seconds, piece in (*arrivals, (arrivals[-1][0], b"\n")):
        *found, rest = parted(rest + piece)
        for line in filter(None, (one.strip(b"\x1e \t\r\n") for one in found)):
            value = json_text.decoded(line, ABSENT)
            # an object may look like an event, and is the data of one
            events.append({"data": value} if _looks_like_one(value) else value)
            times.append(round(seconds, _MILLISECONDS))
    return {"events": events, "times": times} if ABSENT not in events else {}


def _looks_like_one(value: Any) -> bool:
    return isinstance(value, dict) and "data" in value and value.keys() <= EVENT_FIELDS


def _event(event: sse.Event) -> Any:
    """*event* as a scenario has it: its data alone where it has nothing else."""
    data = json_text.decoded(event.data.encode("utf-8", "surrogatepass"), ABSENT)
    if data is ABSENT or isinstance(data, str):
        data = event.data
    named = {"event": event.type, "id": event.id, "retry": event.retry}
    told = {name: value for name, value in named.items() if value is not None}
    return {"data": data, **told} if told or _looks_like_one(data) else data


def _is_allowed(
    contract: Contract, operation: Operation, answer: dict[str, Any], files: list[tuple[str, bytes]]
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
