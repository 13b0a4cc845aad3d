"""The marina with a fault at a time at the door and with time: parameters, methods, leaks, rot."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from servers.marina import Call, Kept, Marina, Refusal, Shelf
from servers.marina_document import Body, Manner
from servers.marina_faults import FAULTS, Fault, fault
from servers.wire import Answer, Asked

# -- parameters: what the document says of them, and the server does not look at ------------------


def _unlooked(name: str, parameter: str, *keywords: str, manner: Manner | None = None) -> None:
    class Unlooked(Marina):
        def schema_of(self, held: Body) -> Body:
            schema = super().schema_of(held)
            if held["name"] == parameter:
                return {word: one for word, one in schema.items() if word not in keywords}
            return schema

    codes = ("request.invalid-accepted", "response.server-error")
    FAULTS[name] = Fault("parameter unchecked", Unlooked, codes, manner or Manner())


_unlooked("LimitHasNoMaximum", "limit", "maximum")
_unlooked("LimitHasNoMinimum", "limit", "minimum")
_unlooked("OffsetHasNoMinimum", "offset", "minimum")
_unlooked("PageHasNoMinimum", "page", "minimum", manner=Manner(paging="page"))
_unlooked("SortIsUnchecked", "sort", "enum")
_unlooked("StatusIsUnchecked", "status", "enum")
_unlooked("SearchIsOfAnyLength", "q", "maxLength")
_unlooked("DayIsUnchecked", "departs_after", "format")
_unlooked("CodeIsUnchecked", "code", "pattern")
_unlooked("DaysHaveNoMaximum", "days", "maximum")
_unlooked("UnitsAreUnchecked", "units", "enum")
_unlooked("HoursAreUnbounded", "hours", "maxItems")
_unlooked("HarbourHasNoLength", "harbour", "minLength", "maxLength")
_unlooked("RequestIdIsUnchecked", "X-Request-Id", "format")
_unlooked("DepthIsUnchecked", "X-Depth", "maximum")
_unlooked("LangIsUnchecked", "lang", "enum")


@fault("parameter unchecked", "request.invalid-accepted")
class RequiredDayMayBeMissing(Marina):
    def check_absent(self, parameter: Body) -> None:
        pass


@fault("parameter unchecked", "request.invalid-accepted")
class WordsAreNumbers(Marina):
    """What is no integer is taken for the default."""

    def read(self, parameter: Body, texts: list[str], schema: Body) -> Any:
        is_word = schema.get("type") == "integer" and not re.fullmatch("-?[0-9]+", texts[0])
        if parameter["in"] == "query" and is_word:
            return schema.get("default", 1)
        return super().read(parameter, texts, schema)


def _bounded(name: str, parameter: str, **keywords: Any) -> None:
    """A legal value is refused: the limit is off by one."""

    class Bounded(Marina):
        def schema_of(self, held: Body) -> Body:
            schema = super().schema_of(held)
            return {**schema, **keywords} if held["name"] == parameter else schema

    FAULTS[name] = Fault("parameter refused", Bounded, ("request.valid-refused", "resource.*"))


_bounded("LimitIsBelowItsMaximum", "limit", maximum=99)
_bounded("OffsetBeginsAtOne", "offset", minimum=1)
_bounded("DaysEndBeforeTheirMaximum", "days", maximum=13)
_bounded("LangKnowsOneWord", "lang", enum=["en"])
_bounded("CodeIsOfOneLetter", "code", pattern="^[A-Z][0-9]{1,3}$")


# -- parameters that crash ------------------------------------------------------------------------

Odd = Callable[[str], bool]


def _crash(name: str, parameter: str, odd: Odd, manner: Manner | None = None) -> None:
    class Crashing(Marina):
        def texts(self, call: Call, held: Body) -> list[str]:
            texts = super().texts(call, held)
            if held["name"] == parameter and any(map(odd, texts)):
                raise Refusal(500, "Internal Server Error")
            return texts

    codes = ("response.server-error",)
    FAULTS[name] = Fault("parameter crashes", Crashing, codes, manner or Manner())


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]{1,40}", text) else 0


_crash("CrashOnHugeOffset", "offset", lambda text: _number(text) >= 2**63)
_crash("CrashOnBigOffset", "offset", lambda text: _number(text) >= 2**31)
_crash("CrashOnNegativeOffset", "offset", lambda text: _number(text) < 0)
_crash("CrashOnZeroLimit", "limit", lambda text: text == "0")
_crash("CrashOnPageZero", "page", lambda text: text == "0", Manner(paging="page"))
_crash("CrashOnHugePage", "page", lambda text: _number(text) > 10**9, Manner(paging="page"))
_crash("CrashOnWordLimit", "limit", lambda text: not re.fullmatch("-?[0-9]+", text))
_crash("CrashOnQuote", "q", lambda text: "'" in text)
_crash("CrashOnParenthesis", "q", lambda text: "(" in text or "[" in text)
_crash("CrashOnPercent", "q", lambda text: "%" in text)
_crash("CrashOnNul", "q", lambda text: "\0" in text)
_crash("CrashOnAstral", "q", lambda text: any(ord(char) > 0xFFFF for char in text))
_crash("CrashOnEmptySearch", "q", lambda text: text == "")
_crash("CrashOnLongSearch", "q", lambda text: len(text) > 500)
_crash("CrashOnUnknownSort", "sort", lambda text: text.removeprefix("-") not in ("name", "length"))
_crash("CrashOnEmptySort", "sort", lambda text: text == "")
_crash("CrashOnLeapDay", "at", lambda text: text.endswith("02-29"))
_crash("CrashOnNoDay", "at", lambda text: not re.fullmatch(r"\d{4}-\d\d-\d\d", text))
_crash("CrashOnWordId", "boat_id", lambda text: not re.fullmatch("-?[0-9]+", text))
_crash("CrashOnHugeId", "boat_id", lambda text: _number(text) >= 2**63)
_crash("CrashOnLongHarbour", "harbour", lambda text: len(text) > 200)
_crash("CrashOnEncodedSlash", "harbour", lambda text: "/" in text)
_crash("CrashOnNonAsciiHarbour", "harbour", lambda text: not text.isascii())
_crash("CrashOnBadRequestId", "X-Request-Id", lambda text: len(text) != 36)
_crash("CrashOnOddCursor", "cursor", lambda text: text[:3] != "at-", Manner(paging="cursor"))
_crash("CrashOnOddLang", "lang", lambda text: text not in ("en", "nl"))
_crash("CrashOnOddTag", "If-None-Match", lambda text: not text.startswith('"'))


@fault("parameter crashes", "response.server-error")
class CrashOnTwoStatuses(Marina):
    def check_parameters(self, call: Call) -> None:
        if len(call.query.get("status", ())) > 1:
            raise Refusal(500, "unhashable type: 'list'")
        super().check_parameters(call)


@fault("parameter crashes", "response.server-error")
class CrashOnUnknownParameter(Marina):
    def check_parameters(self, call: Call) -> None:
        known = {one["name"] for one in call.operation.get("parameters", ())}
        if set(call.query) - known and call.name == "list_boats":
            raise Refusal(500, "unexpected keyword argument")
        super().check_parameters(call)


@fault("parameter crashes", "response.server-error")
class CrashOnDateWithOffset(Marina):
    """A body with a moment that is not in UTC."""

    def sent(self, call: Call) -> Body:
        value = super().sent(call)
        departs = value.get("departs")
        if isinstance(departs, str) and re.search("[+-][0-9:]+$", departs):
            raise Refusal(500, "can't compare offset-naive and offset-aware datetimes")
        return value


@fault("parameter crashes", "response.server-error")
class CrashOnPaperWithoutTitle(Marina):
    def add_paper(self, call: Call) -> Answer:
        if b'name="title"' not in call.asked.body and call.asked.body:
            self.boat(call)
            raise Refusal(500, "KeyError: 'title'")
        return super().add_paper(call)


@fault("parameter crashes", "response.server-error")
class CrashOnFeedbackRating(Marina):
    """A form whose number is none."""

    def give_feedback(self, call: Call) -> Answer:
        if re.search(rb"rating=(&|$|[^0-9-])", call.asked.body):
            raise Refusal(500, "invalid literal for int()")
        return super().give_feedback(call)


# -- HEAD, Allow, OPTIONS -------------------------------------------------------------------------


class _Head(Marina):
    """HEAD is answered in another way than GET."""

    def head(self, asked: Asked, answer: Answer) -> Answer:
        raise NotImplementedError

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        return self.head(asked, answer) if asked.method == "HEAD" else answer


HEAD = ("response.head-differs", "response.server-error", "security.not-enforced")


@fault("protocol", *HEAD)
class HeadCrashes(_Head):
    def head(self, asked: Asked, answer: Answer) -> Answer:
        return Answer(500, {"Content-Type": "application/json"}, [b'{"error": "it"}'])


@fault("protocol", *HEAD)
class HeadHasAnotherLength(_Head):
    def head(self, asked: Asked, answer: Answer) -> Answer:
        answer.length = 0
        return answer


@fault("protocol", *HEAD)
class HeadHasAnotherType(_Head):
    def head(self, asked: Asked, answer: Answer) -> Answer:
        if answer.status == 200:
            answer.fields["Content-Type"] = "text/html"
        return answer


@fault("protocol", *HEAD)
class HeadHasAnotherTag(_Head):
    def head(self, asked: Asked, answer: Answer) -> Answer:
        if "ETag" in answer.fields:
            answer.fields["ETag"] = '"head"'
        return answer


@fault("protocol", *HEAD)
class HeadNeedsNoToken(_Head):
    def head(self, asked: Asked, answer: Answer) -> Answer:
        return Answer(200) if answer.status == 401 else answer


ALLOW = ("response.allow-wrong",)


@fault("protocol", *ALLOW)
class AllowNamesTooMuch(Marina):
    def allowed(self, item: Body) -> str:
        return "GET, POST, PUT, PATCH, DELETE"


@fault("protocol", *ALLOW)
class AllowNamesTooLittle(Marina):
    def allowed(self, item: Body) -> str:
        return "GET" if "get" in item else "POST"


@fault("protocol", *ALLOW)
class AllowIsEmpty(Marina):
    def allowed(self, item: Body) -> str:
        return ""


@fault("protocol", "request.method-accepted")
class PutIsTakenForPost(Marina):
    def method(self, asked: Asked, item: Body) -> str:
        if asked.method == "PUT" and "put" not in item and "post" in item:
            return "post"
        return super().method(asked, item)


# -- leaks ----------------------------------------------------------------------------------------

LEAK = ("run.leak", "run.*", "resource.*")


@fault("leak", *LEAK)
class RefusalShowsTheLastBody(Marina):
    last = ""

    def __call__(self, asked: Asked) -> Answer:
        answer = super().__call__(asked)
        if asked.body and answer.status < 300:
            self.last = asked.body.decode("utf-8", errors="replace")
        return answer

    def refuse(self, refusal: Refusal) -> Answer:
        if refusal.status in (404, 422):
            refusal = Refusal(refusal.status, f"{refusal}; the last was {self.last[:500]}")
        return super().refuse(refusal)


@fault("leak", *LEAK)
class NotesOfAnother(Marina):
    """What was not sent comes from the request before."""

    notes: Any = None

    def new_boat(self, call: Call, value: Body) -> Kept:
        kept = super().new_boat(call, {"notes": self.notes, **value})
        self.notes = value.get("notes", self.notes)
        return kept


@fault("leak", *LEAK)
class RequestsShareOnePlace(Marina):
    """A request is put where all are, and read after others have come."""

    def create_boat(self, call: Call) -> Answer:
        self.value = self.sent(call)
        user = call.user

        def then() -> Answer:
            call.user = user
            kept = self.new_boat(call, self.tidied(self.value))
            self.keep(self.boats, kept, kept.item["id"])
            return self.created(kept, self.location(call, kept))

        return Answer(delay=0.01, then=then)


@fault("leak", *LEAK)
class FeedbackIsShown(Marina):
    """What one says in a form another reads in an error."""

    said = ""

    def give_feedback(self, call: Call) -> Answer:
        answer = super().give_feedback(call)
        self.said = call.asked.body.decode("utf-8", errors="replace")
        return answer

    def refuse(self, refusal: Refusal) -> Answer:
        answer = super().refuse(refusal)
        answer.fields["X-Trace"] = self.said[:200]
        return answer


@fault("leak", "response-body.writeOnly", "response-body.*", *LEAK)
class PinIsShown(Marina):
    def shown(self, kept: Kept) -> Body:
        return kept.item


# -- rot ------------------------------------------------------------------------------------------

ROT = ("run.*", "response.server-error", "resource.*", "transport.*")


@fault("rot", *ROT)
class RefusalsExhaustThePool(Marina):
    lost = 0

    def refuse(self, refusal: Refusal) -> Answer:
        self.lost += refusal.status in (400, 422)
        return super().refuse(refusal)

    def perform(self, call: Call) -> Answer:
        if self.lost > 60:
            raise Refusal(500, "QueuePool limit reached")
        return super().perform(call)


@fault("rot", *ROT)
class ForgetsTheOldest(Marina):
    """Only so many boats are kept."""

    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        super().keep(shelf, kept, identifier)
        if shelf is self.boats and len(shelf) > 12:
            del shelf[next(iter(shelf))]


@fault("rot", *ROT)
class SlowerWithEachBoat(Marina):
    def list_boats(self, call: Call) -> Answer:
        answer = super().list_boats(call)
        answer.delay = min(0.4, 0.003 * self.number)
        return answer


@fault("rot", *ROT)
class CreatesFailAfterMany(Marina):
    def create_boat(self, call: Call) -> Answer:
        if self.number > 50:
            raise Refusal(500, "disk quota exceeded")
        return super().create_boat(call)


@fault("rot", *ROT)
class NumbersRunOut(Marina):
    """Identifiers come round again."""

    def new_id(self, name: str) -> Any:
        return super().new_id(name) % 24 or 24


# -- races ----------------------------------------------------------------------------------------

RACE = ("run.*", "resource.*", "race.*", "response.server-error")


@fault("race", *RACE)
class TwoGetOneId(Marina):
    """The next id is read, then others come, then it is used."""

    def create_boat(self, call: Call) -> Answer:
        value = self.tidied(self.sent(call))
        kept = self.new_boat(call, value)
        self.number -= 1
        taken = self.number

        def then() -> Answer:
            self.number = max(self.number, taken + 1)
            self.keep(self.boats, kept, kept.item["id"])
            return self.created(kept, self.location(call, kept))

        return Answer(delay=0.01, then=then)


@fault("race", *RACE)
class ChangesAreLost(Marina):
    """A boat is read, then others come, then all of it is written."""

    def change_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        value = self.tidied(self.sent(call))
        self.check_condition(call, kept)
        item = {**self.changed(kept, value), "updated_at": self.now()}

        def then() -> Answer:
            self.write(kept, item)
            return self.updated(kept, **self.tags(kept))

        return Answer(delay=0.01, then=then)


@fault("race", *RACE)
class CreatesAtOnceCrash(Marina):
    busy = 0

    def create_boat(self, call: Call) -> Answer:
        if self.busy:
            raise Refusal(500, "database is locked")
        answer = super().create_boat(call)  # what is refused takes no time
        self.busy += 1

        def then() -> Answer:
            self.busy -= 1
            return answer

        return Answer(delay=0.01, then=then)


@fault("race", *RACE)
class OneOfTwoDeletesCrashes(Marina):
    def delete_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        self.check_condition(call, kept)

        def then() -> Answer:
            if self.boats.pop(str(kept.item["id"]), None) is None:
                return self.refuse(Refusal(500, "StaleDataError"))
            return self.deleted(kept)

        return Answer(delay=0.01, then=then)


@fault("race", *RACE)
class OneOfTwoPutsCrashes(Marina):
    """Both find nothing, and both insert."""

    def put_berth(self, call: Call) -> Answer:
        key = f"{call.user}/{call.values['code']}"
        value = self.sent(call)
        was_there = key in self.berths

        def then() -> Answer:
            if not was_there and key in self.berths:
                return self.refuse(Refusal(500, "duplicate key"))
            return Marina.put_berth(self, call)

        return Answer(delay=0.01, then=then) if value else Marina.put_berth(self, call)


@fault("race", *RACE)
class AtOnceAnswersAreSwapped(Marina):
    """Of two that read at once one gets what the other asked for."""

    reading: Kept | None = None

    def get_boat(self, call: Call) -> Answer:
        self.reading = self.boat(call)

        def then() -> Answer:
            assert self.reading is not None
            return self.json(
                200, self.enveloped(self.shown(self.reading)), **self.tags(self.reading)
            )

        return Answer(delay=0.005, then=then)


# -- hangs ----------------------------------------------------------------------------------------


class _Hanging(Marina):
    """One operation never answers where there is something to do."""

    hung = ""

    def perform(self, call: Call) -> Answer:
        answer = super().perform(call)
        return Answer(hang_before=True) if call.name == self.hung else answer


for _name, _operation in {
    "LaunchHangs": "launch_boat",
    "DeleteHangs": "delete_boat",
    "TripsHang": "list_trips",
    "WeatherHangs": "get_weather",
}.items():
    FAULTS[_name] = Fault(
        "hang", type(_name, (_Hanging,), {"hung": _operation}), ("transport.timeout",), hangs=True
    )
