"""The phase `boundary`, as far as parameters go: each in the path, the query, a field or a cookie.

What can be done to a value is what `generation.mutations` does to one of a body; what only a text
can be (empty, given twice, badly encoded, nobody's) is added here.  Whether a request is valid is
never said by hand: it is written, and held to the contract as it came out.  What HTTP or the
frameworks leave open is `either`, so that only a failure shows something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from troth.conformance.cases.case import Case, Intent, Legal, Subject, readable, slug
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation.locations import Location, locations, put
from troth.generation.mutations import FIRST_EDGES, HARD_TEXTS, LONGEST, Defect, defects
from troth.generation.parameters import parameter_value, schema_of
from troth.generation.raw_json import Written, has_written, read
from troth.generation.request_writer import UNSET, assemble
from troth.generation.source import Smallest, Unsatisfiable
from troth.generation.values import generator_of
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation, Parameter
from troth.schema.schema import Schema
from troth.validation import validator
from troth.validation.styles import encoded

#: Fields that say how the message itself is to be read: with another value it is another message.
_FRAMING = frozenset(
    {"connection", "content-encoding", "content-length", "cookie", "expect", "host", "keep-alive"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
#: Stands for a text that is put into the request as it is, without encoding.
_MARK = "trothmark"
#: What stands for a value and is no text at all, with a word for it.
_RAW_TEXTS = (
    ("a '%' that encodes nothing", "%zz"),
    ("bytes that are no UTF-8", "%ff%fe"),
    ("an overlong encoding", "%c0%ae%c0%ae"),
)
#: Much at once that programs trip over: where it shows nothing, none of it does.
_MIXED = 'O\'Brien "*(x" [y; -- 100%_ \N{LATIN SMALL LETTER E WITH ACUTE} \U0001d4b3 \u202e'
#: What is valid wherever no more is said than how long a text may be.
_PLAIN_HARD = "a'(☃"
#: Of so many operations one is sent what nobody declares, and each that reads its query.
_UNKNOWN_TURNS = 4
_UNKNOWN = "troth_unknown"


def parameter_cases(
    subject: Subject, *, turn: int = 0, tried: set[Any] | None = None
) -> Iterator[tuple[Any, Iterator[Case]]]:
    """The cases of each parameter of one operation by its key, and of one that nobody declares.

    Each has the most telling cases first, and makes them as they are asked for.  *turn* decides
    which of the hard texts come early.  *tried* is what others were sent, which is added to: what
    was done to a parameter of the same name is done to this one later.
    """
    seen: set[Any] = set()
    tried = set() if tried is None else tried
    for index, parameter in enumerate(subject.operation.parameters):
        if parameter.location != "header" or parameter.name.lower() not in _FRAMING:
            walk = _Walk(subject, parameter, turn + index, tried)
            yield walk.key, _once(walk.cases(), seen)
    reads_query = any(each.location == "query" for each in subject.operation.parameters)
    if reads_query or turn % _UNKNOWN_TURNS == 0:
        yield _UNKNOWN, _once(_unknown(subject), seen)


def _once(cases: Iterable[Case], seen: set[Any]) -> Iterator[Case]:
    """*cases* without those whose request was *seen*."""
    for case in cases:
        key = (case.request.target, case.request.fields)
        if key not in seen:
            seen.add(key)
            yield case


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """One thing to do to a parameter: a *value* for it, or a *request* that no value makes.

    The lower the *tier*, the more telling.
    """

    about: str
    tier: int
    value: Any = UNSET
    legal: Legal = "computed"
    request: Request | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """What is done to one parameter of a request that is valid otherwise."""

    subject: Subject
    parameter: Parameter
    turn: int
    tried: set[Any]

    @property
    def key(self) -> tuple[str, str]:
        """How values of parameters are kept."""
        return self.parameter.location, self.parameter.name

    def cases(self) -> Iterator[Case]:
        """All cases, the most telling first."""
        value = self.subject.parameters.get(self.key, UNSET)
        try:
            value = parameter_value(self.parameter, Smallest()) if value is UNSET else value
        except Unsatisfiable:
            return
        for each in sorted(self._tries(value), key=self._rank):
            case = self._case(each)
            # a text is a text, whatever type it was written from
            is_retyped = " instead of " in each.about or each.about == "a number in a string"
            if case and not (is_retyped and case.intent == "valid"):
                self.tried.add((*self.key, each.about))
                yield case

    def _rank(self, each: _Try) -> tuple[bool, int]:
        # what the document says of it here may be looked at here alone
        is_own = each.tier < -1 and self.parameter.location != "path"
        return not is_own and (*self.key, each.about) in self.tried, each.tier

    def _tries(self, value: Any) -> Iterator[_Try]:
        parameter, schema = self.parameter, schema_of(self.parameter)
        if parameter.location != "path":
            yield _Try("absent", 0 if parameter.required else 3)
        if schema is not None:
            generator = generator_of(schema)
            for location in locations(generator.graph, (schema.prepared,), value):
                for defect in defects(generator, location):
                    if not defect.about.startswith("the enum's '"):  # the phase before has them
                        yield self._defect(value, location, defect)
        yield from self._texts(value)
        if self.key not in self.subject.parameters:
            # a text of which nothing is said may be a sort key or a cursor, of which only the
            # server knows what it is like
            legal: Legal = "either-if-valid" if says_nothing(schema) else "computed"
            yield _Try("present", 1, value, legal)

    def _defect(self, value: Any, at: Location, defect: Defect) -> _Try:
        about, legal, tier = defect.about, defect.legal, defect.tier
        replacement = defect.replacement
        if has_written(replacement):
            # 1.0 for 1: the value is the same, and how it may be spelt no standard says
            legal = "either"
        if isinstance(replacement, Written) and not at.tokens:
            replacement = replacement.text
        changed = put(value, at.tokens, read(replacement))
        if replacement is None or changed in ("", [], {}):
            legal = "either-if-valid"  # how null is written no standard says, nor nothing at all
        if replacement in ("", None) and not at.tokens:
            about, legal = "empty", "either-if-valid"  # many take an empty text for none
        if about in _HARD:
            tier, legal = 3, legal if legal == "either" else "either-if-valid"
        if about in _EARLY:
            tells = self._is_text if about in _HARD else defect.tier < _BEYOND
            tier = _EARLY[about] if tells else 2
        elif legal == "either" or " in another case" in about:
            tier = 3  # only a failure would show anything
        elif about.endswith(" instead of string") and not at.tokens:
            tier = 3  # as it is written it is a string
        elif about.startswith("boolean instead of") and not at.tokens:
            tier = 2  # as it is written it is one more word, as a string is
        if about in _SAID and not at.tokens and defect.tier < _BEYOND:
            tier = -1
        if about.startswith(_OWN) and not at.tokens:
            tier = -2
        where = "".join(f"/{token}" for token in at.tokens)
        return _Try(f"{where}: {about}" if where else about, tier, changed, legal)

    def _texts(self, value: Any) -> Iterator[_Try]:
        """What no value of its schema is: mixed, given twice, badly encoded.

        How a server reads its requests is mostly its framework's affair, so that of the latter
        each parameter has another early.
        """
        parameter, where = self.parameter, self.parameter.location
        if isinstance(value, str) and parameter.content is None:
            # where it is not refused anyway
            yield _Try("hard characters", -1 if self._is_text else 2, _MIXED, "either-if-valid")
        tries: list[_Try] = []
        if where == "query" and not parameter.layout.is_nested:
            twice = _and_in_query(self._request(value), f"{encoded(parameter.name)}=trothtwice")
            yield _Try("given twice", 1, legal="either-if-valid", request=twice)
        if where in ("path", "query") and parameter.content is None:
            marked = self._request(_MARK)
            for words, raw in _RAW_TEXTS:
                spoilt = replace(marked, target=marked.target.replace(_MARK, raw))
                tries.append(_Try(words, 3, legal="either", request=spoilt))
        for index, each in enumerate(tries):
            is_turn = index == self.turn % len(tries)
            yield replace(each, tier=1) if is_turn else each
        if where == "path" and isinstance(value, str) and self._is_text:
            for words, text in (("a slash", "a/b"), ("two dots", "../..")):
                yield _Try(words, 0 if words == "a slash" else 2, text, "either")

    @property
    def _is_text(self) -> bool:
        """Whether it may be any text of some length."""
        schema = schema_of(self.parameter)
        return schema is None or schema.is_valid(_PLAIN_HARD)

    def _request(self, value: Any) -> Request:
        subject, values = self.subject, dict(self.subject.parameters)
        values.pop(self.key, None)
        if value is not UNSET:
            values[self.key] = value
        body = subject.undescribed if subject.made is None else subject.minimal
        return assemble(subject.operation, parameters=values, body=body)

    def _case(self, each: _Try) -> Case | None:
        location, name = self.key
        request = each.request or self._request(each.value)
        if not _is_sendable(request):
            return None
        # what no value is breaks a server alike, whichever parameter it stands for
        value = None if each.value is UNSET else each.value
        sent = {each.about: True} if each.request else {f"{location} {name}": value}
        word = f"{location}-{slug(name)}/{slug(each.about)[:48]}"
        about = f"{location} parameter {name}: {each.about}"
        return judged(self.subject, request, word, about, legal=each.legal, sent=sent)


def _and_in_query(request: Request, pair: str) -> Request:
    mark = "&" if "?" in request.target else "?"
    return replace(request, target=f"{request.target}{mark}{pair}")


def judged(
    subject: Subject,
    request: Request,
    name: str,
    about: str,
    *,
    phase: str = "boundary",
    legal: Legal = "computed",
    sent: Mapping[str, Any] | None = None,
) -> Case | None:
    """The case that sends *request*, with the intent that it has as it is written.

    None where the request is one to another operation.  *sent* are the values of parameters that
    it is about.
    """
    contract = subject.contract
    effective = published = _intent(contract, subject.operation, request)
    if effective is None:
        return None
    if contract.published is not contract:
        published = _intent(contract.published, subject.operation, request)
    is_open = legal == "either" or not all(map(_is_plain, request.fields))
    is_unsure = legal == "either-if-valid" or subject.is_json_patch
    if is_open or (is_unsure and effective == "valid"):
        effective = "either"
    if effective == "either" or published is None or not subject.is_published:
        published = "either"
    return Case(
        id=f"{phase}/{subject.slug}/{name}",
        phase=phase,
        operation=subject.operation.name,
        request=request,
        intent=effective,
        published_intent=published,
        about=about,
        value=subject.minimal,
        parameters=subject.parameters,
        sent=sent or {},
    )


def _intent(contract: Contract, operation: Operation, request: Request) -> Intent | None:
    """Whether *contract* accepts *request*; None: it is one to another operation than this."""
    try:
        match = contract.match_request(request)
    except (NoSuchPath, MethodNotAllowed):
        return None
    if match.operation.name != operation.name:
        return None
    broken = validator.request_violations(match, readable(request), hints=False)
    return "invalid" if any(one.severity == "error" for one in broken) else "valid"


def _is_plain(field: tuple[str, str]) -> bool:
    """Whether all read alike what *field* has.

    RFC 9110 §5.5: beyond ASCII it has no meaning; whether a cookie is percent-encoded no RFC says.
    """
    name, value = field
    return value.isascii() and not (name == "Cookie" and "%" in value)


def says_nothing(schema: Schema | None) -> bool:
    """Whether *schema* says no more than that it is of a text, or of some."""
    return schema is None or any(
        schema.is_valid(empty) and schema.is_valid(hard)
        for empty, hard in (("", "\N{SNOWMAN} ?"), ([""], ["\N{SNOWMAN} ?"]))
    )


def _is_sendable(request: Request) -> bool:
    """Whether no field breaks the message itself (RFC 9110 §5.5)."""
    return all(
        not any(char in "\r\n\0" or "\ud800" <= char <= "\udfff" for char in value)
        for _, value in request.fields
    )


def _unknown(subject: Subject) -> Iterator[Case]:
    """What nobody declares: in the query a server may refuse it, elsewhere it is passed over."""
    plain = subject.request(subject.minimal)
    # RFC 9110 §5.1, RFC 6265 §5.4: a field or a cookie that is not known is nobody's affair
    cookies = "; ".join((*plain.values("Cookie"), f"{_UNKNOWN}=1"))
    rest = tuple(pair for pair in plain.fields if pair[0] != "Cookie")
    fields = (*rest, ("X-Unknown-Field", "1"), ("Cookie", cookies))
    entries: tuple[tuple[str, Request, str, Legal], ...] = (
        ("query", _and_in_query(plain, f"{_UNKNOWN}=1"), "a query parameter", "either-if-valid"),
        ("field", replace(plain, fields=fields), "a field and a cookie", "computed"),
    )
    for name, request, about, legal in entries:
        words = f"{about} that nobody declares"
        case = judged(subject, request, f"unknown-{name}", words, legal=legal)
        if case is not None:
            yield case


#: What the document says of this parameter alone: of the rest any other one tells much.
_OWN = ("below ", "above ", "outside the enum", "not the format", "not the pattern")
#: What it says as well: what is just within its limit, that it has none, which days there are.
_SAID = frozenset({"at maximum", "at maxLength", "2^63", LONGEST, *FIRST_EDGES})
#: The tier of a number that is far beyond a limit.
_BEYOND = 3
#: Pages and offsets end up in the query of a database, and so do texts.
_EARLY = {"2^63": 0, "zero": 1, "negative": 1, "a NUL": 1, "very long": 1}
#: A fraction is one more word where an integer is wanted.
_EARLY |= {"quotes and parentheses": 2, "a fraction instead of an integer": 1}
_HARD = [words for words, _ in HARD_TEXTS] + ["a lone surrogate", "very long"]
