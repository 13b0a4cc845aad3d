"""What only a server decides of a thing: its identifier, its flags, its states, what it is in."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from kept_things import INTEGER, TEXT, Client, answer, operation, query, sent
from troth.http import multipart
from troth.http.exchange import Request
from troth_mock.reply import Reply
from troth_mock.responding.identifiers import variables

KEY = "^key_[A-Za-z0-9]{27}$"
CURSOR = {**TEXT, "pattern": "^cur_[a-z0-9]{12}$"}
MOMENT = {**TEXT, "format": "date-time", "readOnly": True}


def keys(item: Any, cursor: Any, **more: Any) -> dict[str, Any]:
    """A list of keys, in pages behind a cursor, and one of them."""
    page = {
        "type": "object",
        "required": ["data", "iterator", "done"],
        "properties": {
            "data": {"type": "array", "items": item},
            "iterator": {"type": ["string", "null"]},
            "prevIterator": {"type": ["string", "null"], "examples": ["-iterator"]},
            "done": {"type": "boolean"},
        },
    }
    named = {"name": "key", "in": "path", "required": True, "schema": {**TEXT, "pattern": KEY}}
    asked = query(limit={**INTEGER, "minimum": 1, "maximum": 50}, iterator=cursor)
    return {
        "/keys": {
            "get": operation(_200=answer(page), query=asked),
            "post": operation(body=sent(item), _201=answer(item)),
        },
        "/keys/{key}": {"parameters": [named], "get": operation("404", _200=answer(item))},
        **more,
    }


ITEM = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {**TEXT, "readOnly": True}, "name": TEXT},
}


def test_identifiers_are_such_as_paths_take() -> None:
    mock = Client(keys(ITEM, TEXT))
    made = [mock.ask("POST", "/keys", {"name": "one"})["id"] for _ in range(3)]
    listed = [one["id"] for one in mock.ask("GET", "/keys")["data"]]
    assert len(set(listed)) == len(listed) > 3
    assert listed[-3:] == made
    for name in listed:
        assert re.fullmatch(KEY, name)
        assert mock.ask("GET", f"/keys/{name}")["id"] == name


def test_an_identifier_that_bodies_do_not_take_stays_as_it_is() -> None:
    item = {**ITEM, "properties": {**ITEM["properties"], "id": INTEGER}}
    mock = Client(keys(item, TEXT))
    first = mock.ask("POST", "/keys", {"id": 7, "name": "one"})["id"]
    assert isinstance(first, int)


def test_an_identifier_of_which_the_document_has_an_example_is_like_that() -> None:
    shown = {**TEXT, "readOnly": True, "examples": ["prd_01h1s5z6vf2mm1mz3hevnn9va7"]}
    item = {**ITEM, "properties": {**ITEM["properties"], "id": shown}}
    mock = Client(keys(item, TEXT))
    made = mock.ask("POST", "/keys", {"name": "one"})
    ids = [one["id"] for one in mock.ask("GET", "/keys")["data"]]
    assert ids[-1] == made["id"]
    assert all(re.fullmatch("prd_[a-z0-9]{26}", one) for one in ids)


@pytest.mark.parametrize("cursor", [TEXT, CURSOR, {**TEXT, "pattern": KEY}])
def test_a_cursor_is_such_as_its_parameter_takes(cursor: Any) -> None:
    mock = Client(keys(ITEM, cursor))
    whole = mock.ask("GET", "/keys")["data"]
    seen: list[Any] = []
    target, pages = "/keys?limit=5", 0
    while target:
        page = mock.ask("GET", target)
        seen += page["data"]
        pages += 1
        assert page["done"] is not bool(page["iterator"])
        assert page.get("prevIterator") is None
        target = f"/keys?limit=5&iterator={page['iterator']}" if page["iterator"] else ""
    assert seen == whole
    assert pages == -(-len(whole) // 5)


def test_where_cursors_are_too_few_the_list_ends_instead_of_beginning_again() -> None:
    mock = Client(keys(ITEM, {**TEXT, "enum": ["a"]}))
    target, pages = "/keys?limit=5", 0
    while target and pages < 5:
        page = mock.ask("GET", target)
        pages += 1
        target = f"/keys?limit=5&iterator={page['iterator']}" if page["iterator"] else ""
    assert pages < 5


def test_what_answers_tell_and_no_request_names_no_client_decides() -> None:
    shown = {**ITEM, "properties": {**ITEM["properties"], "uri": TEXT, "revision": TEXT}}
    paths = keys(shown, TEXT)
    taken = {"type": "object", "properties": {"name": TEXT}, "additionalProperties": True}
    paths["/keys"]["post"]["requestBody"] = sent(taken)
    mock = Client(paths)
    own = {"id": "key_" + "a" * 27, "uri": "mine", "revision": "mine"}
    made = mock.ask("POST", "/keys", {"name": "one", **own})
    read = mock.ask("GET", f"/keys/{made['id']}")
    assert read["name"] == "one"
    assert not {*own.values()} & {*read.values()}


def test_a_default_counts_where_the_member_may_be_null_too() -> None:
    warmth = {"anyOf": [{"type": "number", "default": 1}, {"type": "null"}]}
    item = {**ITEM, "properties": {**ITEM["properties"], "warmth": warmth}}
    mock = Client(keys(item, TEXT))
    assert mock.ask("POST", "/keys", {"name": "one"})["warmth"] == 1
    assert mock.ask("POST", "/keys", {"name": "one", "warmth": None})["warmth"] is None


def test_what_is_done_to_a_thing_is_true_of_it_though_the_answer_does_not_say_so() -> None:
    state = {**TEXT, "readOnly": True, "enum": ["pending", "verified"]}
    shown = {**ITEM, "properties": {**ITEM["properties"], "status": state}}
    paths = keys(shown, TEXT)
    named = paths["/keys/{key}"]["parameters"]
    bare = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    paths["/keys/{key}/verify"] = {"parameters": named, "post": operation("404", _200=answer(bare))}
    paths["/keys/{key}"]["get"]["responses"]["200"] = answer(
        {**shown, "required": ["id", "name", "status"]}
    )
    mock = Client(paths)
    name = mock.ask("POST", "/keys", {"name": "one"})["id"]
    assert mock.ask("GET", f"/keys/{name}")["status"] == "pending"
    mock.ask("POST", f"/keys/{name}/verify")
    assert mock.ask("GET", f"/keys/{name}")["status"] == "verified"


def test_what_somebody_has_to_do_first_has_not_been_done_to_a_new_thing() -> None:
    flag = {"type": "boolean", "readOnly": True}
    names = ("enabled", "verified", "isPaid", "predefined", "archived", "public")
    item = {
        **ITEM,
        "required": ["id", "name", *names],
        "properties": {**ITEM["properties"], **dict.fromkeys(names, flag)},
    }
    mock = Client(keys(item, TEXT))
    for number in range(4):
        made = mock.ask("POST", "/keys", {"name": f"n{number}"})
        assert [made[name] for name in names] == [True, False, False, False, False, True]


def test_a_state_of_which_the_document_lists_none_is_that_of_what_is_new() -> None:
    item = {
        **ITEM,
        "required": ["id", "name", "status"],
        "properties": {**ITEM["properties"], "status": {**TEXT, "readOnly": True}},
    }
    mock = Client(keys(item, TEXT))
    made = [mock.ask("POST", "/keys", {"name": f"n{number}"})["status"] for number in range(5)]
    assert made == ["active"] * 5


def test_what_is_told_in_attributes_begins_and_changes_as_other_members_do() -> None:
    told = {
        "type": "object",
        "required": ["title"],
        "properties": {
            "title": TEXT,
            "note": TEXT,
            "lent": {"type": "boolean", "default": False},
            "status": {**TEXT, "enum": ["draft", "published"], "readOnly": True},
            "created_at": MOMENT,
            "updatedAt": MOMENT,
            "commentsCount": {**INTEGER, "readOnly": True},
        },
    }
    kind = "application/vnd.api+json"

    def of(data: Any) -> Any:
        whole = {"type": "object", "required": ["data"], "properties": {"data": data}}
        return {"description": "", "content": {kind: {"schema": whole}}}

    article = {"type": {"const": "articles"}, "attributes": told}
    taken = {"type": "object", "required": ["type", "attributes"], "properties": article}
    shown = {
        "type": "object",
        "required": ["type", "id", "attributes"],
        "properties": {**article, "id": TEXT},
    }
    named = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    body = {"required": True, "content": of(taken)["content"]}
    paths = {
        "/articles": {
            "get": operation(_200=of({"type": "array", "items": shown})),
            "post": operation(body=body, _201=of(shown)),
        },
        "/articles/{id}": {
            "parameters": [named],
            "get": operation("404", _200=of(shown)),
            "patch": operation("404", body=body, _200=of(shown)),
            "put": operation("404", body=body, _200=of(shown)),
        },
        "/articles/{id}/publish": {"parameters": [named], "post": operation("404", _200=of(shown))},
    }
    mock = Client(paths)

    def ask(method: str, target: str, **attributes: Any) -> Any:
        data = {"data": {"type": "articles", "attributes": attributes}} if attributes else None
        return mock.ask(method, target, data, kind=kind)["data"]

    made = ask("POST", "/articles", title="Emma")
    first = made["attributes"]
    assert first == {
        "title": "Emma",
        "lent": False,
        "status": "draft",
        "created_at": "2023-11-14T22:13:20Z",
        "updatedAt": "2023-11-14T22:13:20Z",
        "commentsCount": 0,
    }
    path = f"/articles/{made['id']}"
    assert ask("GET", path) == ask("GET", "/articles")[-1] == made
    changed = ask("PATCH", path, title="Persuasion")["attributes"]
    later = "2023-11-14T22:13:21Z"
    assert changed == {**first, "title": "Persuasion", "updatedAt": later}
    assert ask("POST", f"{path}/publish")["attributes"]["status"] == "published"
    put = ask("PUT", path, title="Sanditon", note="a fragment")["attributes"]
    assert (put["note"], put["status"], put["created_at"]) == (
        "a fragment",
        "published",
        first["created_at"],
    )
    assert ask("GET", path)["attributes"] == put


def test_what_is_in_a_thing_goes_with_it_where_the_document_has_no_answer_for_that() -> None:
    shelf = {"name": "shelf", "in": "path", "required": True, "schema": TEXT}
    own = {"name": "book", "in": "path", "required": True, "schema": TEXT}
    paths = {
        "/shelves": {"post": operation(body=sent(ITEM), _201=answer(ITEM))},
        "/shelves/{shelf}": {
            "parameters": [shelf],
            "get": operation(_200=answer(ITEM)),
            "delete": operation(_204=answer()),
        },
        "/shelves/{shelf}/books": {
            "parameters": [shelf],
            "get": operation(_200=answer({"type": "array", "items": ITEM})),
            "post": operation(body=sent(ITEM), _201=answer(ITEM)),
        },
        "/shelves/{shelf}/books/{book}": {
            "parameters": [shelf, own],
            "get": operation(_200=answer(ITEM)),
            "delete": operation(_204=answer()),
        },
    }
    mock = Client(paths)
    above = "/shelves/" + mock.ask("POST", "/shelves", {"name": "a"})["id"]
    path = f"{above}/books/" + mock.ask("POST", f"{above}/books", {"name": "b"})["id"]
    assert mock.status("GET", path) == 200
    mock.ask("DELETE", above)
    assert [mock.status("GET", one) for one in (above, path, f"{above}/books")] == [404] * 3
    assert mock.status("POST", f"{above}/books", {"name": "c"}) == 404
    # to delete it once more comes to the same
    assert mock.status("DELETE", path) == 204


def tasks() -> Client:
    """A list of resource objects, whose PATCH takes the attributes alone."""
    given = {
        "title": TEXT,
        "state": {"enum": ["open", "done"], "default": "open"},
        "note": {"type": ["string", "null"]},
        "marks": {"type": "object", "additionalProperties": TEXT},
    }
    told = {**given, "commentCount": INTEGER, "updatedAt": {**TEXT, "format": "date-time"}}
    kind = {"type": {"const": "tasks"}}
    task = {
        "type": "object",
        "required": ["type", "id", "attributes"],
        "properties": {
            **kind,
            "id": TEXT,
            "attributes": {"type": "object", "required": list(told), "properties": told},
        },
    }
    new = {
        "type": "object",
        "required": ["type", "attributes"],
        "properties": {
            **kind,
            "attributes": {"type": "object", "required": ["title"], "properties": given},
        },
    }

    def data(schema: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["data"], "properties": {"data": schema}}

    one = answer(data(task))
    item = "/tasks/{taskId}"
    paths = {
        "/tasks": {
            "get": operation(_200=answer(data({"type": "array", "items": task}))),
            "post": operation(body=sent(data(new)), _201=one),
        },
        item: {
            "parameters": [{"name": "taskId", "in": "path", "required": True, "schema": TEXT}],
            "get": operation("404", _200=one),
            "patch": operation(
                "404",
                body=sent({"type": "object", "properties": given}, "application/merge-patch+json"),
                _200=one,
            ),
            "put": operation("404", body=sent(data(new)), _200=one),
        },
        f"{item}/finish": {"post": operation("404", _200=one)},
    }
    paths[f"{item}/finish"]["parameters"] = paths[item]["parameters"]
    return Client(paths)


def test_the_attributes_of_a_thing_are_kept_as_its_members_are() -> None:
    client = tasks()
    sent_now = {"title": "Mow", "marks": {}}
    made = client.ask("POST", "/tasks", {"data": {"type": "tasks", "attributes": sent_now}})["data"]
    at, attributes = f"/tasks/{made['id']}", made["attributes"]
    assert {**attributes, "updatedAt": ""} == {
        **{"title": "Mow", "state": "open", "note": None, "marks": {}},
        **{"commentCount": 0, "updatedAt": ""},
    }
    assert client.ask("GET", at)["data"] == client.ask("GET", "/tasks")["data"][-1] == made
    for change, kept in (({"note": "long"}, "open"), ({"state": "done"}, "done")):
        changed = client.ask("PATCH", at, change, kind="application/merge-patch+json")["data"]
        told = changed["attributes"]
        assert (told["note"], told["state"], told["title"]) == ("long", kept, "Mow")
        assert told["updatedAt"] > attributes["updatedAt"]
    again = {"data": {"type": "tasks", "attributes": {"title": "Rake"}}}
    replaced = client.ask("PUT", at, again)["data"]["attributes"]
    assert (replaced["note"], replaced["state"], replaced["title"]) == (None, "open", "Rake")
    assert client.ask("POST", f"{at}/finish")["data"]["attributes"]["state"] == "done"
    assert client.ask("GET", "/tasks")["data"][-1] == client.ask("GET", at)["data"]


def _tag(reply: Reply) -> str:
    return dict(reply.fields)["ETag"]


def test_what_a_document_insists_on_is_asked_for_and_weak_tags_are_tags() -> None:
    place = {"name": "code", "in": "path", "required": True, "schema": TEXT}
    tag = {"ETag": {"schema": {**TEXT, "pattern": '^W/".+"$'}, "required": True}}
    mask = query(update_mask=TEXT)
    site = {
        "type": "object",
        "required": ["code", "name"],
        "properties": {
            "code": {**TEXT, "readOnly": True},
            "name": TEXT,
            "town": TEXT,
            "size": INTEGER,
        },
    }
    client = Client(
        {
            "/sites": {"post": operation(body=sent(site), _201=answer(site, headers=tag))},
            "/sites/{code}": {
                "parameters": [place],
                "get": operation("404", _200=answer(site, headers=tag)),
                "patch": operation(
                    *("404", "412", "428"),
                    body=sent({**site, "required": []}),
                    query=[*mask, {"name": "If-Match", "in": "header", "schema": TEXT}],
                    _200=answer(site, headers=tag),
                ),
            },
        }
    )
    made = client.reply("POST", "/sites", {"name": "a", "town": "Ayr", "size": 4})
    at, first = f"/sites/{json.loads(made.body or b'')['code']}", _tag(made)
    assert first.startswith('W/"')
    assert _tag(client.reply("GET", at)) == first
    change = {"name": "b", "size": 5}
    assert client.status("PATCH", at, change) == 428
    masked = client.ask("PATCH", f"{at}?update_mask=name,town", change, If_Match=first)
    assert (masked["name"], masked["size"], "town" in masked) == ("b", 4, False)
    assert client.status("PATCH", at, change, If_Match=first) == 412
    assert _tag(client.reply("GET", at)) != first
    every = client.ask("PATCH", f"{at}?update_mask=*", change, If_Match="*")
    assert (every["name"], every["size"]) == ("b", 5)


def test_a_resource_object_has_the_name_by_which_it_was_put_as_its_id() -> None:
    label = {
        "type": "object",
        "required": ["type", "id", "attributes"],
        "properties": {
            "type": {"const": "labels"},
            "id": TEXT,
            "attributes": {"type": "object", "required": ["color"], "properties": {"color": TEXT}},
        },
    }
    new = {**label, "required": ["type", "attributes"]}
    name = {"name": "labelName", "in": "path", "required": True, "schema": TEXT}
    client = Client(
        {
            "/labels/{labelName}": {
                "parameters": [name],
                "get": operation("404", _200=answer(label)),
                "put": operation(body=sent(new), _200=answer(label), _201=answer(label)),
            }
        }
    )
    body = {"type": "labels", "attributes": {"color": "red"}}
    assert client.ask("PUT", "/labels/a%20b", body)["id"] == "a b"
    assert client.ask("GET", "/labels/a%20b")["id"] == "a b"


def test_a_list_is_bounded_by_what_names_a_member_and_a_bound() -> None:
    boat = {
        "type": "object",
        "required": ["id", "length", "launched_on"],
        "properties": {
            "id": {**INTEGER, "readOnly": True},
            "length": INTEGER,
            "launched_on": {**TEXT, "format": "date"},
        },
    }
    asked = query(min_length=INTEGER, launched_before={**TEXT, "format": "date"})
    listed = operation(_200=answer({"type": "array", "items": boat}), query=asked)
    made = operation(body=sent(boat), _201=answer(boat))
    client = Client({"/boats": {"get": listed, "post": made}})
    for length in (10, 20, 30):
        body = {"length": 1000 * length, "launched_on": f"19{length}-01-01"}
        client.ask("POST", "/boats", body)
    long = client.ask("GET", "/boats?min_length=20000")
    assert [one["length"] for one in long] == [20_000, 30_000]
    old = client.ask("GET", "/boats?launched_before=1920-06-01")
    assert [one["length"] for one in old] == [10_000, 20_000]


def test_what_is_done_to_a_new_thing_counts_before_anybody_has_read_it() -> None:
    state = {**TEXT, "readOnly": True, "enum": ["pending", "verified"]}
    shown = {
        **ITEM,
        "required": ["id", "name", "status", "isPrivate", "created_at"],
        "properties": {
            **ITEM["properties"],
            "status": state,
            "isPrivate": {"type": "boolean", "readOnly": True},
            "created_at": MOMENT,
        },
    }
    bare = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    paths = keys(shown, TEXT)
    paths["/keys"]["post"]["responses"] = {"201": answer(bare)}
    named = paths["/keys/{key}"]["parameters"]
    paths["/keys/{key}/verify"] = {"parameters": named, "post": operation("404", _204=answer())}
    mock = Client(paths)
    first, second = (mock.ask("POST", "/keys", {"name": "one"})["id"] for _ in range(2))
    mock.ask("POST", f"/keys/{first}/verify")
    plain = {"name": "one", "isPrivate": False}
    assert mock.ask("GET", f"/keys/{first}") == {
        **plain,
        **{"id": first, "status": "verified", "created_at": "2023-11-14T22:13:20Z"},
    }
    assert mock.ask("GET", f"/keys/{second}") == {
        **plain,
        **{"id": second, "status": "pending", "created_at": "2023-11-14T22:13:21Z"},
    }


def test_the_job_that_an_answer_tells_of_can_be_asked_for_and_comes_to_an_end() -> None:
    states = {"enum": ["queued", "running", "done", "failed"]}
    job = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {"id": {**TEXT, "format": "uuid"}, "status": states},
    }
    named = {"name": "jobId", "in": "path", "required": True, "schema": {**TEXT, "format": "uuid"}}
    asked = {"type": "object", "required": ["kind"], "properties": {"kind": TEXT}}
    location = {"Location": {"schema": TEXT}}
    client = Client(
        {
            "/exports": {"post": operation(body=sent(asked), _202=answer(job, headers=location))},
            "/jobs/{jobId}": {"parameters": [named], "get": operation("404", _200=answer(job))},
        }
    )
    started = client.reply("POST", "/exports", {"kind": "csv"})
    at = dict(started.fields)["Location"]
    told = json.loads(started.body or b"")
    assert (told["status"], at) == ("queued", f"/jobs/{told['id']}")
    assert client.ask("GET", at) == {**told, "status": "done"}


_MAYBE = {"type": ["string", "null"]}
JOB = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": TEXT,
        "status": {"enum": ["pending", "running", "succeeded", "failed"]},
        "progress": {**INTEGER, "minimum": 0, "maximum": 100},
        "error": _MAYBE,
        "finishedAt": {**_MAYBE, "format": "date-time"},
        "reportId": _MAYBE,
        "resultUrl": {**_MAYBE, "format": "uri"},
    },
}
_REPORT = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {**TEXT, "readOnly": True}, "title": TEXT},
}


def _with_jobs(told: Any) -> dict[str, Any]:
    """Reports that a job makes, of which *told* is the first answer."""

    def named(name: str, schema: Any) -> dict[str, Any]:
        own = {"name": name, "in": "path", "required": True, "schema": TEXT}
        return {"parameters": [own], "get": operation("404", _200=answer(schema))}

    return {
        "/reports": {
            "post": operation(body=sent(_REPORT), _202=told),
            "get": operation(_200=answer({"type": "array", "items": _REPORT})),
        },
        "/reports/{reportId}": named("reportId", _REPORT),
        "/jobs/{jobId}": named("jobId", JOB),
    }


def test_a_job_that_is_done_leads_to_what_it_has_made() -> None:
    wait = {"Retry-After": {"required": True, "schema": INTEGER}, "Location": {"schema": TEXT}}
    client = Client(_with_jobs(answer(JOB, headers=wait)))
    started = client.reply("POST", "/reports", {"title": "Q3"})
    fields, told = dict(started.fields), json.loads(started.body or b"")
    assert (fields["Retry-After"], fields["Location"]) == ("1", f"/jobs/{told['id']}")
    empty = dict.fromkeys(("error", "finishedAt", "reportId", "resultUrl"))
    rest = {name: told.get(name) for name in empty}
    assert (told["status"], told["progress"], rest) == ("pending", 0, empty)
    done = client.ask("GET", fields["Location"])
    assert (done["status"], done["progress"], done.get("error")) == ("succeeded", 100, None)
    assert done["finishedAt"] == "2023-11-14T22:13:21Z"
    made = client.ask("GET", "/reports")[-1]
    assert made["title"] == "Q3"
    assert done["reportId"] == made["id"]
    assert client.ask("GET", re.sub("^http://[^/]*", "", done["resultUrl"])) == made


def test_what_is_accepted_without_a_word_is_done_when_it_is_asked_for() -> None:
    paths = _with_jobs(answer())
    paths["/jobs"] = {
        "post": operation(body=sent({}), _202=answer(headers={"Location": {"schema": TEXT}}))
    }
    client = Client(paths)
    at = dict(client.reply("POST", "/jobs", {}).fields)["Location"]
    assert client.ask("GET", at)["status"] == "succeeded"


def test_what_was_made_in_one_thing_is_not_in_another() -> None:
    shelf = {"name": "shelf", "in": "path", "required": True, "schema": TEXT}
    own = {"name": "book", "in": "path", "required": True, "schema": TEXT}
    paths = {
        "/shelves/{shelf}/books": {
            "parameters": [shelf],
            "post": operation(body=sent(ITEM), _201=answer(ITEM)),
        },
        "/shelves/{shelf}/books/{book}": {
            "parameters": [shelf, own],
            "get": operation(_200=answer(ITEM)),
        },
    }
    mock = Client(paths)
    name = mock.ask("POST", "/shelves/a/books", {"name": "b"})["id"]
    assert mock.status("GET", f"/shelves/a/books/{name}") == 200
    assert mock.status("GET", f"/shelves/b/books/{name}") == 404
    # of what nobody has made the document has no answer but this
    assert mock.status("GET", "/shelves/b/books/other") == 200


def test_answers_tell_the_size_the_type_and_the_name_of_a_file() -> None:
    shown = {
        "type": "object",
        "required": ["id", "bytes", "fileName", "mime_type", "size"],
        "properties": {
            **dict.fromkeys(("id", "fileName", "mime_type", "size"), TEXT),
            "bytes": INTEGER,
        },
    }
    form = {"type": "object", "properties": {"file": {**TEXT, "format": "binary"}, "size": TEXT}}
    named = {"name": "file", "in": "path", "required": True, "schema": TEXT}
    paths = {
        "/files": {"post": operation(body=sent(form, "multipart/form-data"), _201=answer(shown))},
        "/files/{file}": {"parameters": [named], "get": operation("404", _200=answer(shown))},
    }
    mock = Client(paths)
    parts = [
        multipart.named("size", b"large"),
        multipart.named(
            "file", b"\0\1\2", filename="a b.png", fields=(("Content-Type", "image/png"),)
        ),
    ]
    boundary, body = multipart.write(parts)
    fields = (("Content-Type", f"multipart/form-data; boundary={boundary}"),)
    reply = mock.responder.respond(Request("POST", "/files", fields, body), now=0)
    made = json.loads(reply.body or b"")
    assert made == {
        **{"id": made["id"], "bytes": 3, "fileName": "a b.png", "mime_type": "image/png"},
        # what the client says itself is that
        "size": "large",
    }
    assert mock.ask("GET", f"/files/{made['id']}") == made


def test_what_may_be_told_of_an_object_is_though_a_part_of_it_may_not() -> None:
    taken = {
        "type": "object",
        "properties": {"url": TEXT, "retries": {"type": ["integer", "string"]}},
    }
    told = {
        "type": "object",
        "required": ["url", "retries"],
        "properties": {"url": TEXT, "retries": TEXT},
    }
    paths = keys({**ITEM, "properties": {**ITEM["properties"], "config": told}}, TEXT)
    body = {**ITEM, "properties": {**ITEM["properties"], "config": taken}}
    paths["/keys"]["post"]["requestBody"] = sent(body)
    mock = Client(paths)
    made = mock.ask("POST", "/keys", {"name": "one", "config": {"url": "mine", "retries": 3}})
    read = mock.ask("GET", f"/keys/{made['id']}")
    assert (made["config"]["url"], read["config"]["url"]) == ("mine", "mine")
    assert isinstance(read["config"]["retries"], str)


def repos(repo: Any) -> dict[str, Any]:
    """Things that are made in one place, and are in another."""

    def named(*names: str) -> list[Any]:
        return [{"name": one, "in": "path", "required": True, "schema": TEXT} for one in names]

    sends = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    location = {"Location": {"schema": TEXT, "example": "/repos/octo/world"}}
    every = answer({"type": "array", "items": repo})
    return {
        "/me/repos": {
            "get": operation(_200=every),
            "post": operation(body=sent(sends), _201=answer(repo, headers=location)),
        },
        "/users/{owner}/repos": {
            "parameters": named("owner"),
            "get": operation("404", _200=every),
        },
        "/repos/{owner}/{repo}": {
            "parameters": named("owner", "repo"),
            "get": operation("404", _200=answer(repo)),
            "delete": operation("404", _204=answer()),
        },
    }


def test_what_is_made_nobody_knows_where_may_be_anywhere() -> None:
    mock = Client(repos({"type": "object", "required": ["name"], "properties": {"name": TEXT}}))
    mock.ask("POST", "/me/repos", {"name": "troth"})
    assert mock.status("GET", "/repos/ada/troth") == 200
    mock.ask("DELETE", "/repos/ada/troth")
    assert mock.status("GET", "/repos/ada/troth") == 404


@pytest.mark.parametrize("is_object", [False, True])
def test_what_is_made_is_where_its_answer_says(is_object: bool) -> None:
    user = {"type": "object", "required": ["login"], "properties": {"login": TEXT}}
    repo = {
        "type": "object",
        "required": ["name", "owner", "stars"],
        "properties": {"name": TEXT, "owner": user if is_object else TEXT, "stars": INTEGER},
    }
    mock = Client(repos(repo))
    reply = mock.reply("POST", "/me/repos", {"name": "troth"})
    made = json.loads(reply.body or b"")
    owner = quote(made["owner"]["login"] if is_object else made["owner"])
    assert dict(reply.fields)["Location"] == f"/repos/{owner}/troth"
    assert mock.ask("GET", f"/repos/{owner}/troth") == made
    assert made in mock.ask("GET", "/me/repos")
    assert made in mock.ask("GET", f"/users/{owner}/repos")
    mock.ask("DELETE", f"/repos/{owner}/troth")
    assert mock.status("GET", f"/repos/{owner}/troth") == 404


def test_a_file_that_is_all_of_a_body_is_a_thing_each_time() -> None:
    file = {"required": True, "content": {"application/octet-stream": {}}}
    item = {
        "type": "object",
        "required": ["id", "state"],
        "properties": {"id": {**INTEGER, "examples": [1]}, "state": {"enum": ["uploaded", "open"]}},
    }
    mock = Client(
        {
            "/assets": {
                "get": operation(_200=answer({"type": "array", "items": item})),
                "post": operation(body=file, _201=answer(item)),
            },
            "/assets/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": INTEGER}],
                "get": operation("404", _200=answer(item)),
            },
        }
    )
    before = len(mock.ask("GET", "/assets"))
    made = [mock.ask("POST", "/assets", text, kind="application/octet-stream") for text in "aab"]
    names = [one["id"] for one in made]
    assert len(set(names)) == 3
    assert [one["id"] for one in mock.ask("GET", "/assets")][before:] == names
    assert [mock.ask("GET", f"/assets/{name}") for name in names] == made


def test_a_variable_is_the_one_of_its_place_whatever_it_is_called() -> None:
    resource = "/fees/{fee}/refunds/{id}"
    assert variables(resource, "/fees/{id}/refunds") == ("id", None)
    assert variables(resource, "/fees/{fee}/refunds/{refund}") == ("fee", "refund")
    assert variables(resource, "/refunds/{id}") == (None, "id")


@pytest.mark.parametrize("made", ["201", "202"])
def test_a_tag_is_told_alike_and_is_another_once_the_thing_is(made: str) -> None:
    item = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {**TEXT, "readOnly": True},
            "status": {"enum": ["queued", "completed"], "readOnly": True},
        },
    }
    tag = {
        "headers": {"ETag": {"required": True, "schema": {**TEXT, "pattern": '^W/"[0-9a-f]+"$'}}}
    }
    name = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    condition = {"name": "If-Match", "in": "header", "schema": TEXT}
    mock = Client(
        {
            "/jobs": {"post": operation(body=sent(item), **{f"_{made}": answer(item, **tag)})},
            "/jobs/{id}": {
                "parameters": [name],
                "get": operation("404", _200=answer(item, **tag), _304={"description": "", **tag}),
                "put": {
                    **operation("404", "412", "428", body=sent(item), _200=answer(item, **tag)),
                    "parameters": [condition],
                },
            },
        }
    )
    created = mock.reply("POST", "/jobs", {})
    at = f"/jobs/{json.loads(created.body or b'')['id']}"
    read = mock.reply("GET", at)
    first, then = dict(created.fields)["ETag"], dict(read.fields)["ETag"]
    assert (first == then) is (created.body == read.body) is (made == "201")
    again = mock.reply("GET", at, If_None_Match=then)
    assert (again.status, again.fields) == (304, (("ETag", then),))
    # another precondition is not the one that has to be there
    assert mock.status("PUT", at, {}, If_None_Match='"other"') == 428
    assert mock.status("PUT", at, {}, If_Match=then) == 200
