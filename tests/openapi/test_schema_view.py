"""What a body may hold, whatever branch of a union it is of."""

from __future__ import annotations

from troth.openapi.schema_view import View


def test_members_of_some_branches_are_told_from_those_of_all() -> None:
    root = {
        "user": {"anyOf": [{"$ref": "#/local"}, {"$ref": "#/other"}, {"type": "null"}]},
        "local": {"properties": {"email": {}, "password": {}}},
        "other": {"properties": {"email": {}, "client": {}}},
        "plain": {"properties": {"email": {}}, "allOf": [{"properties": {"name": {}}}]},
    }
    view = View(root, "/user")
    assert set(view.members) == {"email", "password", "client"}
    assert view.in_some_branches == {"password", "client"}
    assert View(root, "/plain").in_some_branches == frozenset()
