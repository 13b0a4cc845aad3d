"""What has to be so of an item for a request to be done: RFC 9110 §13, and 428 of RFC 6585."""

from __future__ import annotations

from troth.openapi.operation import Operation
from troth.openapi.resource import Resource
from troth_mock.reply import Reply
from troth_mock.responding.kept import Asked, etag, fields_of, tagged
from troth_mock.responding.negotiation import success
from troth_mock.responding.problems import Problem
from troth_mock.responding.resource_store import Found


def unmet(
    asked: Asked, found: Found, operation: Operation, resource: Resource
) -> Problem | Reply | None:
    """The answer where a precondition of *asked* does not hold of what was *found*."""
    tags = ",".join(asked.fields.get("if-match", ())).strip()
    others = ",".join(asked.fields.get("if-none-match", ())).strip()
    if not tags and (lacking := _unconditional(operation, resource)) is not None:
        return lacking
    tag = etag(found)
    is_named = _names(operation, 412)
    if tags and tags != "*" and tag not in _tags_in(tags):
        return changed_meanwhile(resource) if is_named else None
    if not others or (others != "*" and tag not in _tags_in(others)):
        return None
    if operation.method in ("GET", "HEAD"):
        return _unchanged(operation, found)
    return changed_meanwhile(resource) if is_named else None


def _unchanged(operation: Operation, found: Found) -> Reply | None:
    """The 304 for what was *found*, if there is one, with the tag that a 200 would have.

    RFC 9110 §15.4.5.
    """
    declared = next((each for each in operation.responses if each.status == "304"), None)
    if declared is None:
        return None
    has_tag = any(header.name.lower() == "etag" for header in declared.headers)
    source = declared if has_tag else success(operation)[1]
    return Reply(304, fields_of(source, (), tagged(found)), None)


def _unconditional(operation: Operation, resource: Resource) -> Problem | None:
    """What is said of a request without If-Match, where the document insists on one."""
    if operation.condition is None or not _names(operation, 428):
        return None
    message = f"{resource.name}: the field If-Match is missing, with the ETag that was read"
    return Problem(428, message, "precondition_required")


def changed_meanwhile(resource: Resource) -> Problem:
    """What is said where an item of *resource* has another version than is asked for."""
    message = f"{resource.name}: it is not as the request expects it to be"
    return Problem(412, message, "precondition_failed")


def _names(operation: Operation, status: int) -> bool:
    """Whether the document has this very *status*, or a range that it is in."""
    response = operation.response(status)
    return response is not None and response.status != "default"


def _tags_in(field: str) -> set[str]:
    """The entity tags of a precondition, weak or not."""
    return {one.strip().removeprefix("W/") for one in field.split(",")}
