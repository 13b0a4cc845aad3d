"""What one request gets beyond what the document says of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.http.exchange import Fields, Request
from troth_mock.pace import Pace
from troth_mock.reply import Reply


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for: *reply* takes the responder's place, and *request* the request's own.

    *seed* and *pace* are other ones than the mock's, *faults* what goes wrong with the answer.
    *fields* are header fields that the answer has too.  *labels* say in the journal what did it:
    `scenario`, `fault`, `next` and so on.  Where a member is None or empty, nothing was asked.
    """

    reply: Reply | None = None
    request: Request | None = None
    seed: int | None = None
    pace: Pace | None = None
    faults: tuple[Any, ...] = ()
    fields: Fields = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def before(self, other: Plan) -> Plan:
        """This plan, and what *other* has to say where it says nothing."""
        if other is NOTHING:
            return self
        return Plan(
            self.reply or other.reply,
            self.request or other.request,
            other.seed if self.seed is None else self.seed,
            other.pace if self.pace is None else self.pace,
            self.faults or other.faults,
            (*self.fields, *other.fields),
            {**other.labels, **self.labels},
        )


#: Nothing was asked for.
NOTHING = Plan()
