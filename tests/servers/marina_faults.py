"""The marina with one fault at a time in what it keeps: life cycle, lists, conditions, members.

`FAULTS` maps a name to the fault; marina_request_faults adds those of parameters, of the protocol
and of what comes with time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from servers.marina import Call, Kept, Marina, Refusal, Shelf
from servers.marina_document import Body, Manner
from servers.wire import Answer


@dataclass(frozen=True)
class Fault:
    """A faulty marina: *kind* is its class of fault, *codes* what a run may call it.

    *hangs* says that it costs time-outs.
    """

    kind: str
    server: type[Marina]
    codes: tuple[str, ...]
    manner: Manner = field(default_factory=Manner)
    hangs: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    kind: str, *codes: str, manner: Manner | None = None, hangs: bool = False
) -> Callable[[type[Marina]], type[Marina]]:
    """Register a class as the fault that its name says."""

    def register(server: type[Marina]) -> type[Marina]:
        FAULTS[server.__name__] = Fault(kind, server, codes, manner or Manner(), hangs)
        return server

    return register


CURSOR = Manner(paging="cursor")
PAGE = Manner(paging="page")
LINK = Manner(paging="link")

# -- created and read back ------------------------------------------------------------------------

UNREADABLE = ("resource.*",)
DIFFERS = ("resource.*",)


@fault("life cycle", *UNREADABLE)
class CreatedIsNotKept(Marina):
    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        if shelf is not self.boats:
            super().keep(shelf, kept, identifier)


@fault("life cycle", *UNREADABLE)
class TripIsNotKept(Marina):
    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        if "destination" not in kept.item:
            super().keep(shelf, kept, identifier)


@fault("life cycle", *UNREADABLE)
class BerthIsNotKept(Marina):
    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        if shelf is not self.berths:
            super().keep(shelf, kept, identifier)


class _NewBoat(Marina):
    """Something else is kept than what was sent."""

    def taken(self, value: Body) -> Body:
        raise NotImplementedError

    def new_boat(self, call: Call, value: Body) -> Kept:
        return super().new_boat(call, self.taken(dict(value)))


@fault("life cycle", *DIFFERS)
class CreateDropsNotes(_NewBoat):
    def taken(self, value: Body) -> Body:
        return {**value, "notes": None}


@fault("life cycle", *DIFFERS)
class CreateRoundsLength(_NewBoat):
    def taken(self, value: Body) -> Body:
        return {**value, "length": int(value["length"]) + 1}


@fault("life cycle", *DIFFERS)
class CreateKeepsOneTag(_NewBoat):
    def taken(self, value: Body) -> Body:
        return {**value, "tags": value.get("tags", [])[:1]}


@fault("life cycle", *DIFFERS)
class CreateIgnoresStatus(_NewBoat):
    def taken(self, value: Body) -> Body:
        return {**value, "status": "ashore"}


@fault("life cycle", *DIFFERS)
class CreateAnswersWellAndKeepsWorse(Marina):
    """The answer to POST is right; what is kept has lost a member."""

    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        if shelf is self.boats:
            kept = Kept({**kept.item, "kind": "motor"}, kept.owner)
        super().keep(shelf, kept, identifier)


@fault("life cycle", *DIFFERS)
class DayIsShifted(_NewBoat):
    def taken(self, value: Body) -> Body:
        if value.get("launched_on"):
            value["launched_on"] = "2001-01-01"
        return value


@fault("life cycle", *DIFFERS)
class TripCrewIsFixed(Marina):
    def new_trip(self, call: Call, boat: Kept, value: Body) -> Kept:
        return super().new_trip(call, boat, {**value, "crew": 4})


@fault("life cycle", *DIFFERS)
class SettingsAreNotKept(Marina):
    def put_settings(self, call: Call) -> Answer:
        return self.json(200, self.sent(call))


@fault("life cycle", *DIFFERS)
class PhotoIsNotKept(Marina):
    def keep_photo(self, boat: Kept, photo: bytes) -> None:
        pass


@fault("life cycle", *DIFFERS)
class PhotoIsCut(Marina):
    def keep_photo(self, boat: Kept, photo: bytes) -> None:
        boat.photo = photo[: len(photo) // 2]


@fault("life cycle", "resource.*", "run.*")
class IdsAreRepeated(Marina):
    """Each second boat takes the place of the one before."""

    def new_id(self, name: str) -> Any:
        found = super().new_id(name)
        return found if self.number % 2 else found - 1


@fault("life cycle", "resource.*", "run.*")
class OneIdForAll(Marina):
    def new_id(self, name: str) -> Any:
        super().new_id(name)
        return 1


@fault("life cycle", *DIFFERS)
class ReadGivesTheLatest(Marina):
    def boat(self, call: Call) -> Kept:
        found = super().boat(call)
        mine = [one for one in self.boats.values() if one.owner == call.user]
        return mine[-1] if call.name == "get_boat" else found


@fault("life cycle", *DIFFERS)
class TagsAreShared(Marina):
    """A default that is one list for all."""

    shared: list[str]

    def new_boat(self, call: Call, value: Body) -> Kept:
        if not hasattr(self, "shared"):
            self.shared = []
        kept = super().new_boat(call, value)
        self.shared.extend(value.get("tags", []))
        del self.shared[5:]
        kept.item["tags"] = self.shared
        return kept


@fault("life cycle", "resource.*")
class TripUnderAnyBoat(Marina):
    """A trip is found under a boat that is not its own."""

    def trip(self, call: Call) -> tuple[Kept, Kept]:
        boat = self.boat(call)
        for one in (boat, *self.boats.values()):
            if str(call.values["trip_id"]) in one.trips and one.owner == call.user:
                return one, one.trips[str(call.values["trip_id"])]
        raise Refusal(404, "there is no such thing")


@fault("life cycle", "resource.*")
class TripForNoBoat(Marina):
    """A trip is created for a boat that there is not."""

    def boat(self, call: Call) -> Kept:
        if call.name == "create_trip":
            return self.boats.get(str(call.values["boat_id"])) or Kept(
                {"id": call.values["boat_id"]}, call.user
            )
        return super().boat(call)


# -- updates --------------------------------------------------------------------------------------


class _Change(Marina):
    """A boat is changed in another way."""

    def change(self, kept: Kept, item: Body) -> None:
        raise NotImplementedError

    def write(self, kept: Kept, item: Body) -> None:
        if "kind" in item:
            self.change(kept, item)
        else:
            super().write(kept, item)


@fault("life cycle", "resource.*")
class PutAnswersAndForgets(Marina):
    def replace_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        before = kept.item
        answer = super().replace_boat(call)
        kept.item = before
        return answer


@fault("life cycle", "resource.*")
class PatchAnswersAndForgets(Marina):
    def change_boat(self, call: Call) -> Answer:
        kept = self.boat(call)
        before = kept.item
        answer = super().change_boat(call)
        kept.item = before
        return answer


@fault("life cycle", "resource.*")
class PatchDoesNothing(Marina):
    def changed(self, kept: Kept, value: Body) -> Body:
        return kept.item


@fault("life cycle", "resource.*")
class PatchResetsOthers(Marina):
    def changed(self, kept: Kept, value: Body) -> Body:
        return {**kept.item, **self.defaults(), **value}


@fault("life cycle", "resource.*")
class PatchForgetsOneMember(Marina):
    def changed(self, kept: Kept, value: Body) -> Body:
        found = super().changed(kept, value)
        return {**found, "length": kept.item["length"]}


@fault("life cycle", "resource.*")
class PatchKeepsNull(Marina):
    """A member cannot be set to null any more."""

    def changed(self, kept: Kept, value: Body) -> Body:
        return {**kept.item, **{name: held for name, held in value.items() if held is not None}}


@fault("life cycle", "resource.*")
class PatchGivesANewId(Marina):
    def changed(self, kept: Kept, value: Body) -> Body:
        return {**super().changed(kept, value), "id": kept.item["id"] + 1000}


@fault("life cycle", "resource.*")
class PatchChangesAllBoats(Marina):
    def change_boat(self, call: Call) -> Answer:
        answer = super().change_boat(call)
        if answer.status < 300:
            name = self.boat(call).item["name"]
            for one in self.boats.values():
                one.item = {**one.item, "name": name}
        return answer


@fault("life cycle", "resource.*")
class PatchAnswersWhatWas(Marina):
    def updated(self, kept: Kept, **fields: str) -> Answer:
        answer = super().updated(self.before if hasattr(self, "before") else kept, **fields)
        return answer

    def write(self, kept: Kept, item: Body) -> None:
        self.before = Kept(kept.item, kept.owner)
        super().write(kept, item)


@fault("life cycle", "resource.*")
class TripPatchDoesNotStick(Marina):
    def changed_trip(self, kept: Kept, value: Body) -> Body:
        return kept.item


@fault("life cycle", "resource.update-resets")
class PatchReplacesTheSkipper(Marina):
    """What is nested is put in the place of what was there, not merged with it."""

    def merged_member(self, item: Body, name: str, value: Any) -> Any:
        return value


@fault("life cycle", "resource.update-resets")
class PatchReplacesTheMarks(Marina):
    """So is a map."""

    def merged_member(self, item: Body, name: str, value: Any) -> Any:
        return value if name == "marks" else super().merged_member(item, name, value)


@fault("life cycle", "resource.update-lost")
class TripKeepsWhatIsNull(Marina):
    """A member that was sent null is what it was."""

    def merged_member(self, item: Body, name: str, value: Any) -> Any:
        return item.get(name) if value is None else super().merged_member(item, name, value)


@fault("life cycle", "resource.update-lost")
class LicenceStaysWhenItIsNull(Marina):
    """One that is nested is."""

    def merged_member(self, item: Body, name: str, value: Any) -> Any:
        if name == "licence" and value is None:
            return item.get(name)
        return super().merged_member(item, name, value)


@fault("life cycle", "resource.*")
class PutAppendsTags(Marina):
    """PUT twice is not PUT once."""

    def replaced(self, kept: Kept, value: Body) -> Body:
        found = super().replaced(kept, value)
        return {**found, "tags": [*kept.item["tags"], *found["tags"]][:5]}


@fault("life cycle", "resource.*", "response.*")
class PutTwiceIsAConflict(Marina):
    def put_berth(self, call: Call) -> Answer:
        code = f"{call.user}/{call.values['code']}"
        if code in self.berths:
            raise Refusal(409, "it is there already")
        return super().put_berth(call)


@fault("life cycle", "resource.*", "response.*")
class PutTwiceCrashes(Marina):
    def put_berth(self, call: Call) -> Answer:
        code = f"{call.user}/{call.values['code']}"
        if code in self.berths:
            raise Refusal(500, "duplicate key")
        return super().put_berth(call)


@fault("life cycle", "resource.*")
class BerthIsNotReplaced(Marina):
    def put_berth(self, call: Call) -> Answer:
        known = self.berths.get(f"{call.user}/{call.values['code']}")
        before = None if known is None else known.item
        answer = super().put_berth(call)
        if known is not None and before is not None:
            known.item = before
        return answer


# -- deletion -------------------------------------------------------------------------------------


@fault("life cycle", "resource.*")
class DeleteDoesNothing(Marina):
    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        pass


@fault("life cycle", "resource.*")
class BerthIsNotDeleted(Marina):
    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if shelf is not self.berths:
            super().remove(call, shelf, identifier)


@fault("life cycle", "resource.*")
class TripIsNotDeleted(Marina):
    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if shelf in (self.berths, self.boats):
            super().remove(call, shelf, identifier)


@fault("life cycle", "resource.*")
class PhotoIsNotDeleted(Marina):
    def delete_photo(self, call: Call) -> Answer:
        boat = self.boat(call)
        photo = boat.photo
        answer = super().delete_photo(call)
        boat.photo = photo
        return answer


@fault("life cycle", "resource.*")
class DeletedIsStillListed(Marina):
    def __init__(self, manner: Manner | None = None) -> None:
        super().__init__(manner)
        self.deleted_boats: list[Kept] = []

    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if shelf is self.boats:
            self.deleted_boats.append(shelf[str(identifier)])
        super().remove(call, shelf, identifier)

    def listed(self, call: Call, shelf: Shelf) -> list[Kept]:
        found = super().listed(call, shelf)
        return [*found, *self.deleted_boats] if shelf is self.boats else found


@fault("life cycle", "resource.*", "response.*")
class DeletedTwiceCrashes(Marina):
    def missing_is_deleted(self, refusal: Refusal) -> Answer:
        raise Refusal(500, "KeyError")


class _Gone(Marina):
    """Boats that were deleted are remembered, to no good."""

    def __init__(self, manner: Manner | None = None) -> None:
        super().__init__(manner)
        self.gone: dict[str, Kept] = {}

    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if shelf is self.boats:
            self.gone[str(identifier)] = shelf[str(identifier)]
        super().remove(call, shelf, identifier)


@fault("crash in a state", "resource.*", "response.*")
class ReadingTheDeletedCrashes(_Gone):
    def get_boat(self, call: Call) -> Answer:
        if str(call.values["boat_id"]) in self.gone:
            raise Refusal(500, "None has no attribute 'name'")
        return super().get_boat(call)


@fault("crash in a state", "resource.*", "response.*")
class ChangingTheDeletedCrashes(_Gone):
    def change_boat(self, call: Call) -> Answer:
        if str(call.values["boat_id"]) in self.gone:
            raise Refusal(500, "None has no attribute 'name'")
        return super().change_boat(call)


@fault("crash in a state", "resource.*", "response.*")
class TripsOfTheDeletedCrash(_Gone):
    def list_trips(self, call: Call) -> Answer:
        if str(call.values["boat_id"]) in self.gone:
            raise Refusal(500, "foreign key")
        return super().list_trips(call)


@fault("life cycle", "resource.*")
class PutRevivesTheDeleted(_Gone):
    def replace_boat(self, call: Call) -> Answer:
        kept = self.gone.get(str(call.values["boat_id"]))
        if kept is None:
            return super().replace_boat(call)
        self.write(kept, self.replaced(kept, self.sent(call)))
        return self.updated(kept)


@fault("life cycle", "resource.*")
class ChangingTheDeletedSucceeds(_Gone):
    def change_boat(self, call: Call) -> Answer:
        kept = self.gone.get(str(call.values["boat_id"]))
        if kept is None:
            return super().change_boat(call)
        self.write(kept, self.changed(kept, self.sent(call)))
        return self.updated(kept)


@fault("life cycle", "resource.*")
class DeleteTakesANeighbour(Marina):
    def delete_boat(self, call: Call) -> Answer:
        answer = super().delete_boat(call)
        mine = [name for name, one in self.boats.items() if one.owner == call.user]
        for name in mine[-1:] if answer.status < 300 else ():
            del self.boats[name]
        return answer


# -- crashes that need a state --------------------------------------------------------------------


@fault("crash in a state", "response.server-error", "resource.*")
class DeletingTheLaunchedCrashes(Marina):
    def delete_boat(self, call: Call) -> Answer:
        if self.boat(call).item["status"] == "afloat":
            raise Refusal(500, "it is afloat")
        return super().delete_boat(call)


@fault("crash in a state", "response.server-error", "resource.*")
class LaunchingTwiceCrashes(Marina):
    def launch_boat(self, call: Call) -> Answer:
        if self.boat(call).item["status"] == "afloat":
            raise Refusal(500, "assertion failed")
        return super().launch_boat(call)


@fault("crash in a state", "response.server-error", "resource.*")
class SecondChangeCrashes(Marina):
    def change_boat(self, call: Call) -> Answer:
        if self.boat(call).version > 1:
            raise Refusal(500, "no such column")
        return super().change_boat(call)


@fault("crash in a state", "response.server-error", "resource.*")
class EmptyListCrashes(Marina):
    def list_trips(self, call: Call) -> Answer:
        if not self.boat(call).trips:
            raise Refusal(500, "list index out of range")
        return super().list_trips(call)


@fault("crash in a state", "response.server-error", "resource.*")
class FullListCrashes(Marina):
    """A list of more than one page."""

    def page(self, call: Call, boats: list[Kept]) -> Answer:
        if len(boats) > self.size(call):
            raise Refusal(500, "next_page is not defined")
        return super().page(call, boats)


@fault("crash in a state", "response.server-error", "resource.*")
class SameNameCrashes(Marina):
    def create_boat(self, call: Call) -> Answer:
        name = self.sent(call)["name"]
        if any(one.item["name"] == name for one in self.boats.values()):
            raise Refusal(500, "UNIQUE constraint failed")
        return super().create_boat(call)


@fault("crash in a state", "response.server-error", "resource.*")
class SortingNullsCrashes(Marina):
    """A boat without notes among those with some."""

    def ordered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        some = {one.item["notes"] is None for one in boats}
        if call.values.get("sort") and len(some) > 1:
            raise Refusal(500, "'<' not supported")
        return super().ordered(call, boats)


@fault("crash in a state", "response.server-error", "resource.*")
class SecondPhotoCrashes(Marina):
    def put_photo(self, call: Call) -> Answer:
        if self.boat(call).photo is not None:
            raise Refusal(500, "file exists")
        return super().put_photo(call)


# -- lists ----------------------------------------------------------------------------------------

LIST = ("resource.*", "list.*")


@fault("list", *LIST)
class CreatedIsNotListed(Marina):
    def listed(self, call: Call, shelf: Shelf) -> list[Kept]:
        found = super().listed(call, shelf)
        return found[:-1] if shelf is self.boats else found


@fault("list", *LIST)
class CreatedIsListedTwice(Marina):
    def listed(self, call: Call, shelf: Shelf) -> list[Kept]:
        found = super().listed(call, shelf)
        return found + found[-1:]


@fault("list", *LIST)
class BerthsAreNotListed(Marina):
    def list_berths(self, call: Call) -> Answer:
        return self.json(200, {} if self.manner.mapped else [])


@fault("list", "resource.not-listed", manner=Manner(mapped=True))
class BerthsAreInNoMap(BerthsAreNotListed):
    pass


@fault("list", "resource.still-listed", manner=Manner(mapped=True))
class DeletedBerthsStayInTheMap(Marina):
    def remove(self, call: Call, shelf: Shelf, identifier: Any) -> None:
        if shelf is self.berths:
            shelf[f"{identifier} "] = shelf[identifier]  # where nobody finds it
        super().remove(call, shelf, identifier)


@fault("list", *LIST)
class ListIsStale(Marina):
    """A list shows what was created, never what it became."""

    def __init__(self, manner: Manner | None = None) -> None:
        super().__init__(manner)
        self.first: dict[Any, Body] = {}

    def page(self, call: Call, boats: list[Kept]) -> Answer:
        stale = [Kept(self.first.get(one.item["id"], one.item), one.owner) for one in boats]
        return super().page(call, stale)

    def keep(self, shelf: Shelf, kept: Kept, identifier: Any) -> None:
        self.first[kept.item.get("id")] = kept.item
        super().keep(shelf, kept, identifier)


@fault("list", *LIST)
class LimitIsIgnored(Marina):
    def size(self, call: Call) -> int:
        return 20


@fault("list", *LIST)
class LimitIsOneTooMany(Marina):
    def window(self, call: Call, boats: list[Kept]) -> tuple[list[Kept], int]:
        size, start = self.size(call), self.start(call, self.size(call))
        return boats[start : start + size + 1], start + size


@fault("list", *LIST, manner=PAGE)
class PerPageIsIgnored(LimitIsIgnored):
    pass


@fault("list", *LIST)
class OffsetIsIgnored(Marina):
    def start(self, call: Call, size: int) -> int:
        return 0


@fault("list", *LIST, manner=PAGE)
class PageIsIgnored(OffsetIsIgnored):
    pass


@fault("list", *LIST, manner=CURSOR)
class CursorIsIgnored(OffsetIsIgnored):
    pass


@fault("list", *LIST, manner=PAGE)
class PagesOverlap(Marina):
    def start(self, call: Call, size: int) -> int:
        return max(0, super().start(call, size) - 1)


@fault("list", *LIST, manner=CURSOR)
class CursorSkipsOne(Marina):
    def start(self, call: Call, size: int) -> int:
        start = super().start(call, size)
        return start + 1 if start else 0


@fault("list", *LIST, manner=CURSOR)
class CursorLeadsNowhere(Marina):
    def from_cursor(self, cursor: str | None) -> int:
        if cursor is not None:
            raise Refusal(400, "no such cursor")
        return 0


@fault("list", *LIST)
class NextLeadsNowhere(Marina):
    def next_link(self, call: Call, cursor: str | None) -> str | None:
        link = super().next_link(call, cursor)
        return link and link.replace("/trips", "/trip")


@fault("list", *LIST)
class NextIsTheSamePage(Marina):
    def next_link(self, call: Call, cursor: str | None) -> str | None:
        return super().next_link(call, cursor and "at-0")


@fault("list", *LIST, manner=LINK)
class LinkHeaderLeadsNowhere(Marina):
    def linked(self, call: Call, items: list[Body], total: int, following: int | None) -> Answer:
        answer = super().linked(call, items, total, following)
        if "Link" in answer.fields:
            answer.fields["Link"] = answer.fields["Link"].replace("/boats", "/api/boats")
        return answer


@fault("list", *LIST)
class FilterIsIgnored(Marina):
    def filtered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        call.values.pop("status", None)
        return super().filtered(call, boats)


@fault("list", *LIST)
class FilterIsInverted(Marina):
    def filtered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        wanted = call.values.pop("kind", None)
        found = super().filtered(call, boats)
        return [one for one in found if wanted is None or one.item["kind"] != wanted]


@fault("list", *LIST)
class FilterFindsNothing(Marina):
    def filtered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        return [] if "status" in call.values else super().filtered(call, boats)


@fault("list", *LIST)
class SearchIsIgnored(Marina):
    def searched(self, boats: list[Kept], text: str) -> list[Kept]:
        return boats


@fault("list", *LIST)
class SortIsIgnored(Marina):
    def ordered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        return boats


@fault("list", *LIST)
class SortOnlyGoesUp(Marina):
    def ordered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        call.values["sort"] = (call.values.get("sort") or "").removeprefix("-") or None
        return super().ordered(call, boats)


@fault("list", *LIST)
class LengthsSortAsTexts(Marina):
    def ordered(self, call: Call, boats: list[Kept]) -> list[Kept]:
        by = call.values.get("sort") or ""
        if by.removeprefix("-") != "length":
            return super().ordered(call, boats)
        return sorted(boats, key=lambda one: str(one.item["length"]), reverse=by.startswith("-"))


@fault("list", *LIST)
class TotalIsOfThePage(Marina):
    def total(self, call: Call, boats: list[Kept]) -> int:
        return len(self.window(call, boats)[0])


# -- Location -------------------------------------------------------------------------------------

LOCATION = ("resource.*", "response-header.*")


@fault("location", *LOCATION)
class LocationIsAnotherPath(Marina):
    def location(self, call: Call, kept: Kept) -> str:
        return super().location(call, kept).replace("/boats/", "/boat/")


@fault("location", *LOCATION)
class LocationIsTheNextOne(Marina):
    def location(self, call: Call, kept: Kept) -> str:
        return f"/boats/{kept.item['id'] + 1}"


@fault("location", *LOCATION)
class LocationIsTheCollection(Marina):
    def location(self, call: Call, kept: Kept) -> str:
        return call.asked.target.partition("?")[0]


@fault("location", *LOCATION, manner=Manner(created="location"))
class OnlyLocationAndItIsWrong(LocationIsAnotherPath):
    pass


@fault("location", *LOCATION, manner=Manner(created="location"))
class LocationIsOfAnother(Marina):
    def location(self, call: Call, kept: Kept) -> str:
        return (
            f"/boats/{max(1, kept.item['id'] - 1)}" if "kind" in kept.item else "/boats/1/trips/1"
        )


# -- ETag and If-Match ----------------------------------------------------------------------------

CONDITION = ("resource.*", "etag.*", "condition.*")


@fault("etag", *CONDITION)
class TagIsConstant(Marina):
    def tag(self, kept: Kept) -> str:
        return '"1"'


@fault("etag", *CONDITION)
class TagIsOfTheMoment(Marina):
    """Another one for each answer, so that no If-Match ever holds."""

    def tag(self, kept: Kept) -> str:
        return f'"{self.requests}"'


@fault("etag", *CONDITION)
class IfMatchIsIgnored(Marina):
    def check_condition(self, call: Call, kept: Kept) -> None:
        pass


@fault("etag", *CONDITION)
class IfMatchIsIgnoredByDelete(Marina):
    def check_condition(self, call: Call, kept: Kept) -> None:
        if call.name != "delete_boat":
            super().check_condition(call, kept)


@fault("etag", *CONDITION)
class IfMatchIsNeverMet(Marina):
    def check_condition(self, call: Call, kept: Kept) -> None:
        if "if-match" in call.asked.fields:
            raise Refusal(412, "it has changed since")


@fault("etag", *CONDITION)
class NeverModified(Marina):
    def is_known(self, condition: str, tag: str) -> bool:
        return True


@fault("etag", *CONDITION)
class IfNoneMatchIsIgnored(Marina):
    def is_known(self, condition: str, tag: str) -> bool:
        return False


# -- whose it is ----------------------------------------------------------------------------------

FOREIGN = ("resource.*", "security.*")


class _Open(Marina):
    """The operation *opened* asks not whose a thing is."""

    opened = ""

    def may_see(self, call: Call, kept: Kept) -> bool:
        return call.name == self.opened or super().may_see(call, kept)


def _opened(kind: str, codes: tuple[str, ...], **names: str) -> None:
    for name, operation in names.items():
        FAULTS[name] = Fault(kind, type(name, (_Open,), {"opened": operation}), codes)


_opened(
    "second user",
    FOREIGN,
    OthersRead="get_boat",
    OthersList="list_boats",
    OthersChange="change_boat",
    OthersReplace="replace_boat",
    OthersDelete="delete_boat",
    OthersLaunch="launch_boat",
    OthersReadTrips="list_trips",
)


class _Astray(Marina):
    """The operation *opened* asks whose the boat is, and looks for the trip in all of them."""

    opened = ""

    def trip(self, call: Call) -> tuple[Kept, Kept]:
        boat, wanted = self.boat(call), str(call.values["trip_id"])
        held = next((one for one in self.boats.values() if wanted in one.trips), boat)
        if call.name != self.opened or held is boat:
            return super().trip(call)
        return held, held.trips[wanted]


def _astray(codes: tuple[str, ...], **names: str) -> None:
    for name, operation in names.items():
        FAULTS[name] = Fault("second user", type(name, (_Astray,), {"opened": operation}), codes)


_astray(("resource.read-by-other",), ReadsTripsOfOthersBelowOwn="get_trip")
_astray(("resource.changed-by-other",), ChangesTripsOfOthersBelowOwn="change_trip")
_astray(("resource.deleted-by-other",), DeletesTripsOfOthersBelowOwn="delete_trip")


class _Unguarded(Marina):
    """The operation *opened* takes whoever comes for the owner of what there is."""

    opened = ""

    def authorize(self, call: Call) -> None:
        try:
            super().authorize(call)
        except Refusal:
            if call.name != self.opened:
                raise
            call.user = "ann"


def _unguarded(**names: str) -> None:
    codes = ("security.*",)
    for name, operation in names.items():
        server = type(name, (_Unguarded,), {"opened": operation})
        FAULTS[name] = Fault("authentication", server, codes)


_unguarded(
    ReadWithoutToken="get_boat",
    ListWithoutToken="list_boats",
    ChangeWithoutToken="change_boat",
    DeleteWithoutToken="delete_boat",
    CreateTripWithoutToken="create_trip",
    ReadTripWithoutToken="get_trip",
    PhotoWithoutToken="get_photo",
    LaunchWithoutToken="launch_boat",
)


@fault("authentication", "security.*")
class AnyTokenReads(Marina):
    """A token is needed, and any will do, where there is something to read."""

    def authorize(self, call: Call) -> None:
        is_reading = call.name == "get_boat" and "authorization" in call.asked.fields
        try:
            super().authorize(call)
        except Refusal:
            if not is_reading:
                raise
            call.user = "ann"


@fault("life cycle", "resource.id-repeated")
class IdsAreCounted(Marina):
    """The next id is the number of boats there are and one more."""

    def new_boat(self, call: Call, value: Body) -> Kept:
        kept = super().new_boat(call, value)
        kept.item["id"] = len(self.boats) + 1
        return kept
