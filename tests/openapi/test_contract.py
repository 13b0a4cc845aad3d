"""Matching: which operation a target addresses, and what there is when it addresses none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.document import document
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation.request_writer import assemble
from troth.http.exchange import Exchange, Request
from troth.loading import load
from troth.openapi import reader
from troth.openapi.contract import Contract, NoSuchOperation

OK = {"responses": {"200": {"description": "good"}}}


def contract(paths: dict[str, Any], **members: Any) -> Contract:
    """The contract of a document with these *paths*; a list of methods stands for a path item."""
    items = {
        path: {method: OK for method in item} if isinstance(item, list) else item
        for path, item in paths.items()
    }
    root = {"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": items, **members}
    return reader.compile(document.read(json.dumps(root).encode(), name="t.json"))


def found(over: Contract, method: str, target: str) -> tuple[str, dict[str, str], str]:
    match = over.match(method, target)
    return match.operation.name, dict(match.path_parameters), match.query


# what is the more concrete wins


def test_a_literal_path_wins_over_a_templated_one_however_they_are_ordered() -> None:
    over = contract({"/pets/{id}": ["get"], "/pets/mine": ["get"], "/{any}/mine": ["get"]})
    assert found(over, "GET", "/pets/mine") == ("GET /pets/mine", {}, "")
    assert found(over, "GET", "/pets/7") == ("GET /pets/{id}", {"id": "7"}, "")
    assert found(over, "GET", "/dogs/mine") == ("GET /{any}/mine", {"any": "dogs"}, "")


def test_the_template_whose_earlier_segments_are_literal_wins() -> None:
    over = contract({"/{a}/b/c": ["get"], "/a/{b}/{c}": ["get"], "/a/{b}/c": ["get"]})
    assert found(over, "GET", "/a/b/c") == ("GET /a/{b}/c", {"b": "b"}, "")
    assert found(over, "GET", "/a/b/x") == ("GET /a/{b}/{c}", {"b": "b", "c": "x"}, "")
    assert found(over, "GET", "/x/b/c") == ("GET /{a}/b/c", {"a": "x"}, "")


def test_a_segment_with_more_literal_characters_wins() -> None:
    over = contract({"/{id}": ["get"], "/{id}.json": ["get"], "/{stem}.{suffix}": ["get"]})
    assert found(over, "GET", "/seven") == ("GET /{id}", {"id": "seven"}, "")
    assert found(over, "GET", "/seven.json") == ("GET /{id}.json", {"id": "seven"}, "")
    assert found(over, "GET", "/seven.xml") == (
        "GET /{stem}.{suffix}",
        {"stem": "seven", "suffix": "xml"},
        "",
    )


def test_a_literal_path_that_lacks_the_method_does_not_fall_back_to_a_template() -> None:
    over = contract({"/a/{x}": ["post"], "/a/b": ["get", "put"]})
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("POST", "/a/b")
    assert caught.value.allowed == ("GET", "PUT")


def test_a_parameter_is_one_segment_and_never_empty() -> None:
    over = contract({"/a/{x}": ["get"]})
    for target in ("/a/", "/a", "/a/b/c", "/a//", "a/b"):
        with pytest.raises(NoSuchPath):
            over.match("GET", target)


def test_what_looks_like_a_pattern_in_a_path_is_meant_literally() -> None:
    over = contract({"/a.b/{x}/(c)+": ["get"], "/a+b": ["get"]})
    assert found(over, "GET", "/a.b/1/(c)+") == ("GET /a.b/{x}/(c)+", {"x": "1"}, "")
    assert found(over, "GET", "/a+b")[0] == "GET /a+b"
    for target in ("/aXb/1/(c)+", "/a.b/1/c", "/aab"):
        with pytest.raises(NoSuchPath):
            over.match("GET", target)


# the target: its forms, its encoding


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("/a/b", ""),
        ("/a/b?", ""),
        ("/a/b?x=/c&y=?", "x=/c&y=?"),
        ("/a/b#part", ""),
        ("/a/b?x=1#part?no=1", "x=1"),
        ("http://h/a/b?x=1", "x=1"),
        ("https://user@h:8443/a/b", ""),
    ],
)
def test_the_query_is_cut_off_and_the_absolute_form_is_read(target: str, query: str) -> None:
    over = contract({"/a/b": ["get"]})
    assert found(over, "GET", target) == ("GET /a/b", {}, query)


@pytest.mark.parametrize(("target", "query"), [("http://h", ""), ("http://h?x=1", "x=1")])
def test_an_absolute_target_without_a_path_means_the_root(target: str, query: str) -> None:
    over = contract({"/": ["get"]})
    assert found(over, "GET", target) == ("GET /", {}, query)


@pytest.mark.parametrize(
    "target", ["*", "h:443", "", "//a/b", "/a/b/", "/A/b", "/a%2Fb", "/a/../a/b"]
)
def test_no_other_target_is_taken_for_a_path(target: str) -> None:
    over = contract({"/a/b": ["get"]})
    with pytest.raises(NoSuchPath) as caught:
        over.match("GET", target)
    assert caught.value.target == target


def test_a_fragment_or_a_query_of_a_path_is_never_sent_and_so_does_not_count() -> None:
    over = contract({"/a#stream": ["post"], "/b?action={x}": ["get"]})
    assert found(over, "POST", "/a")[0] == "POST /a#stream"
    assert found(over, "GET", "/b?action=1") == ("GET /b?action={x}", {}, "action=1")


def test_percent_encoding_of_what_needs_none_makes_no_difference() -> None:
    paths = ("/v1/chat-x", "/caf%c3%a9/{x}", "/a b", "/ü")
    over = contract({path: ["get"] for path in paths})
    assert found(over, "GET", "/v1/%63hat%2Dx")[0] == "GET /v1/chat-x"
    assert found(over, "GET", "/caf%C3%A9/%41%20%2f") == (
        "GET /caf%c3%a9/{x}",
        {"x": "%41%20%2f"},
        "",
    )
    assert found(over, "GET", "/a%20b")[0] == "GET /a b"
    assert found(over, "GET", "/%C3%bc")[0] == "GET /ü"


# RFC 3986 §6.2.2.2: with reserved characters, encoding does make a difference
SEGMENT = st.text(
    st.characters(codec="utf-8", exclude_characters="%{}:/?#[]@!$&'()*+,;="), min_size=1, max_size=8
)


@given(st.lists(SEGMENT, min_size=1, max_size=4))
def test_any_path_is_found_by_its_percent_encoding(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    over = contract({path: ["get"]})
    encoded = "/" + "/".join(
        "".join(f"%{byte:02x}" for byte in segment.encode()) for segment in segments
    )
    assert over.match("GET", encoded).operation.path == path


def test_an_encoded_literal_equals_its_decoded_form_before_a_template_is_tried() -> None:
    over = contract(
        {"/größe/{n}": ["get"], "/a/{x}": ["get"], "/a/b:c": ["get"], "/x/c b": ["get"]}
    )
    for target in ("/größe/1", "/gr%C3%B6%C3%9Fe/1", "/gr%c3%b6%c3%9fe/1"):
        assert found(over, "GET", target) == ("GET /größe/{n}", {"n": "1"}, "")
    for target in ("/a/b:c", "/a/%62:c", "/a/b%3Ac", "/%61/b%3ac"):
        assert found(over, "GET", target) == ("GET /a/b:c", {}, "")
    assert found(over, "GET", "/a/b%2Fc") == ("GET /a/{x}", {"x": "b%2Fc"}, "")
    assert found(over, "GET", "/x/c%20b")[0] == "GET /x/c b"


def test_a_suffix_may_be_encoded_where_no_other_template_takes_it_as_a_value() -> None:
    over = contract({"/files/{id}:copy": ["post"], "/x/{id}": ["get"], "/x/{id}:copy": ["get"]})
    assert found(over, "POST", "/files/7%3Acopy") == ("POST /files/{id}:copy", {"id": "7"}, "")
    assert found(over, "GET", "/x/7:copy") == ("GET /x/{id}:copy", {"id": "7"}, "")
    assert found(over, "GET", "/x/7%3Acopy") == ("GET /x/{id}", {"id": "7%3Acopy"}, "")


def test_a_slash_at_the_end_makes_another_path() -> None:
    over = contract({"/a": ["get"], "/b/": ["get"], "/c": ["get"], "/c/": ["post"]})
    assert found(over, "POST", "/c/")[0] == "POST /c/"
    assert found(over, "GET", "/b/")[0] == "GET /b/"
    for target in ("/a/", "/b"):
        with pytest.raises(NoSuchPath):
            over.match("GET", target)


# templates: their shapes, several names in a segment, expressions


def typed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"get": {**OK, "parameters": [path_parameter(name, schema)]}}


def path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def loaded(tmp_path: Path, paths: dict[str, Any], **members: Any) -> Contract:
    """The contract with its verbs: such as can tell faces of one URL apart."""
    file = tmp_path / "d.json"
    root = {"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": paths, **members}
    file.write_text(json.dumps(root))
    return load(file)


def test_templates_that_differ_in_their_names_alone_share_their_methods() -> None:
    over = contract({"/a/{id}": ["get"], "/a/{name}": ["post"], "/a/{name}/b": ["get"]})
    assert found(over, "GET", "/a/1") == ("GET /a/{id}", {"id": "1"}, "")
    assert found(over, "POST", "/a/1") == ("POST /a/{name}", {"name": "1"}, "")
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("PUT", "/a/1")
    assert caught.value.allowed == ("GET", "POST")


def test_a_more_concrete_template_that_lacks_the_method_leaves_it_to_another() -> None:
    over = contract({"/a/{id}": ["delete"], "/a/{id}.json": ["get"]})
    assert found(over, "DELETE", "/a/x.json") == ("DELETE /a/{id}", {"id": "x.json"}, "")


@pytest.mark.parametrize(
    ("general", "concrete"),
    [
        ("/gists/{id}/{sha}", "/gists/{id}/star"),
        ("/gists/{id}", "/gists/{id}:star"),
        ("/gists/{id}", "/gists/{name}.json"),
    ],
)
def test_what_is_more_concrete_is_meant_whatever_the_request_accepts(
    tmp_path: Path, general: str, concrete: str
) -> None:
    def told(path: str, kind: str) -> Any:
        names = [path_parameter(name, {"type": "string"}) for name in re.findall("{(.*?)}", path)]
        answer = {"description": "", "content": {kind: {"schema": {}}}}
        return {"get": {"responses": {"200": answer}, "parameters": names}}

    over = loaded(
        tmp_path, {general: told(general, "text/plain"), concrete: told(concrete, "text/csv")}
    )
    target = re.sub("{.*?}", "1", concrete)
    for kind in ("text/plain", "text/csv"):
        request = Request("GET", target, (("Accept", kind),), b"")
        assert over.match_request(request).operation.name == f"GET {concrete}"


def test_templates_of_one_shape_are_tried_by_what_their_parameters_take(tmp_path: Path) -> None:
    integer, text = {"type": "integer"}, {"type": "string", "minLength": 2}
    over = loaded(tmp_path, {"/a/{n}": typed("n", integer), "/a/{name}": typed("name", text)})
    assert found(over, "GET", "/a/12") == ("GET /a/{n}", {"n": "12"}, "")
    assert found(over, "GET", "/a/ab") == ("GET /a/{name}", {"name": "ab"}, "")
    assert found(over, "GET", "/a/x") == ("GET /a/{n}", {"n": "x"}, "")


def test_several_names_of_a_segment_are_divided_as_their_parameters_take(tmp_path: Path) -> None:
    both = [path_parameter("a", {"type": "integer"}), path_parameter("b", {"type": "string"})]
    over = loaded(
        tmp_path,
        {"/{a}-{b}": {"get": {**OK, "parameters": both}}, "/f/{stem}.{ext}": {"get": OK}},
    )
    assert found(over, "GET", "/1-x-y") == ("GET /{a}-{b}", {"a": "1", "b": "x-y"}, "")
    assert found(over, "GET", "/f/a.tar.gz")[1] == {"stem": "a.tar", "ext": "gz"}


def test_expressions_of_rfc_6570_are_called_after_their_parameters() -> None:
    names = ("a", "b", "rest")
    declared = {**OK, "parameters": [path_parameter(name, {}) for name in names]}
    template = "/x/{a*}/{.b}/{rest+}{?page,size}"
    over = contract(
        {template: {"get": declared}, "/y/{c*}": ["get"], "/z/{a:int}": {"get": declared}}
    )
    assert found(over, "GET", "/x/1/.2/3/4")[1] == {"a": "1", "b": ".2", "rest": "3/4"}
    assert found(over, "GET", "/y/1")[1] == {"c*": "1"}
    assert found(over, "GET", "/z/1")[1] == {"a": "1"}


PIECES = st.text("ab.-:~é %/é{", min_size=1, max_size=4).filter(
    lambda text: text not in (".", "..")
)


@settings(max_examples=100)
@given(
    literals=st.lists(st.text("ab.-:~é %()+/", max_size=3), min_size=1, max_size=3),
    values=st.lists(PIECES, min_size=1, max_size=2),
)
def test_a_path_that_is_filled_is_found_again(literals: list[str], values: list[str]) -> None:
    names = [f"v{number}" for number in range(len(values))]
    # a slash between two names, so that there is one way to divide the path
    middle = "/".join(f"{{{name}}}" for name in names)
    path = f"/{literals[0]}{middle}{''.join(literals[1:])}"
    declared = [path_parameter(name, {"type": "string"}) for name in names]
    over = contract({path: {"get": {**OK, "parameters": declared}}})
    (operation,) = over.operations
    wanted = {("path", name): value for name, value in zip(names, values, strict=True)}
    match = over.match("GET", assemble(operation, parameters=wanted).target)
    found = {("path", name): unquote(text) for name, text in match.path_parameters.items()}
    assert (match.operation, found) == (operation, wanted)


# one URL, several faces


def asked(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": [*properties], "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def answers(content_type: str) -> dict[str, Any]:
    content = {content_type: {"schema": {"type": "string"}}}
    return {"responses": {"200": {"description": "good", "content": content}}}


def face(over: Contract, target: str, body: bytes = b"", *fields: tuple[str, str]) -> str:
    fields += (("Content-Type", "application/json"),) if body else ()
    request = Request("POST" if body else "GET", target, fields, body)
    return over.match_request(request).operation.path


def test_the_query_of_a_path_tells_its_faces_apart(tmp_path: Path) -> None:
    paths = ("/x", "/x?beta=true", "/x?a&b=", "/y/{id}", "/y/{id}?op=%41", "/z?only=1")
    over = loaded(tmp_path, {path: {"get": OK} for path in paths})
    assert face(over, "/x") == face(over, "/x?beta=false") == "/x"
    assert face(over, "/x?c=1&beta=true") == "/x?beta=true"
    assert face(over, "/x?a&b&beta=true") == "/x?a&b="
    assert face(over, "/y/1?op=A") == "/y/{id}?op=%41"
    assert face(over, "/y/1?op=B") == "/y/{id}"
    assert over.match("GET", "/x?beta=true").operation.path == "/x?beta=true"
    assert face(over, "/z") == "/z?only=1"
    codes = [each.code for each in over.validate(Exchange(Request("GET", "/z")))]
    assert codes == ["request-query.required"]
    assert over.validate(Exchange(Request("GET", "/z?only=1"))) == ()


def test_a_variable_of_the_query_is_left_to_the_parameter_of_its_name(tmp_path: Path) -> None:
    def query(name: str, *, required: bool) -> dict[str, Any]:
        declared = {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}
        return {"get": {**OK, "parameters": [declared]}}

    over = loaded(
        tmp_path,
        {
            "/a?q={q}": query("q", required=False),
            "/b?x={x}": query("x", required=True),
            "/b?y={y}": query("y", required=True),
        },
    )
    assert over.validate(Exchange(Request("GET", "/a"))) == ()
    assert face(over, "/b?y=1") == "/b?y={y}"
    for operation in over.operations:
        values = {("query", each.name): "1" for each in operation.parameters}
        target = assemble(operation, parameters=values).target
        assert target == operation.path.partition("{")[0] + "1"


def test_the_body_tells_faces_apart_and_then_accept(tmp_path: Path) -> None:
    plain, events = answers("application/json"), answers("text/event-stream")
    over = loaded(
        tmp_path,
        {
            "/chat": {"post": {**plain, "requestBody": asked(stream={"const": False})}},
            "/chat#stream": {"post": {**events, "requestBody": asked(stream={"const": True})}},
            "/a": {"get": plain},
            "/a#stream": {"get": events},
        },
    )
    assert face(over, "/chat", b'{"stream": false}') == "/chat"
    assert face(over, "/chat", b'{"stream": true}') == "/chat#stream"
    assert over.match("POST", "/chat").operation.path == "/chat"
    assert face(over, "/a") == "/a"
    assert face(over, "/a", b"", ("Accept", "text/event-stream")) == "/a#stream"
    both = ("Accept", "application/json;q=0.5, text/event-stream")
    assert face(over, "/a", b"", both) == "/a#stream"


def test_other_parameters_tell_faces_apart_that_differ_in_nothing_else(tmp_path: Path) -> None:
    def target(name: str) -> dict[str, Any]:
        header = {"name": "X-Target", "in": "header", "required": True, "schema": {"const": name}}
        return {"post": {**OK, "parameters": [header]}}

    over = loaded(tmp_path, {"/#X-Target=A": target("A"), "/#X-Target=B": target("B")})
    for name in "AB":
        request = Request("POST", "/", (("X-Target", name),))
        assert over.match_request(request).operation.path == f"/#X-Target={name}"


def test_what_is_generated_goes_to_the_url_of_its_face(tmp_path: Path) -> None:
    beta = {"name": "beta", "in": "query", "schema": {"type": "boolean"}}
    paths = {
        "/größe/{n}#a": {"get": {**OK, "parameters": [path_parameter("n", {"const": "ö/1"})]}},
        "/x?beta=true&of={n}#b": {
            "get": {**OK, "parameters": [path_parameter("n", {"const": 1}), beta]}
        },
        "/y/{undeclared}": {"get": OK},
    }
    over = loaded(tmp_path, paths)
    targets = []
    for operation in over.operations:
        values = {("path", "n"): "ö/1" if "ö" in operation.path else 1, ("query", "beta"): False}
        request = assemble(operation, parameters=values)
        assert over.match_request(request).operation is operation
        assert over.validate(Exchange(request)) == ()
        targets.append(request.target)
    assert targets == ["/gr%C3%B6%C3%9Fe/%C3%B6%2F1", "/x?beta=true&of=1", "/y/undeclared"]


# methods


def test_a_method_that_the_path_lacks_is_told_with_those_that_it_has() -> None:
    over = contract({"/a": ["put", "get", "delete"]})
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("PATCH", "/a")
    fault = caught.value
    assert (fault.method, fault.target, fault.allowed) == ("PATCH", "/a", ("DELETE", "GET", "PUT"))
    assert str(fault) == "PATCH is not declared for '/a'; DELETE, GET, PUT would do"


def test_head_is_an_operation_of_its_own() -> None:
    over = contract({"/a": ["get"], "/b": ["get", "head"]})
    assert found(over, "HEAD", "/b")[0] == "HEAD /b"
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("HEAD", "/a")
    assert caught.value.allowed == ("GET",)


def test_methods_compare_as_they_are_written() -> None:
    # RFC 9110 §9.1: the method token is case-sensitive
    over = contract({"/a": ["get"]})
    with pytest.raises(MethodNotAllowed):
        over.match("get", "/a")


def test_query_and_additional_methods_are_methods_like_any() -> None:
    over = contract({"/a": {"query": OK, "additionalOperations": {"COPY": OK, "x-Lock": OK}}})
    assert [operation.method for operation in over.operations] == ["QUERY", "COPY", "x-Lock"]
    assert found(over, "x-Lock", "/a")[0] == "x-Lock /a"
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("GET", "/a")
    assert caught.value.allowed == ("COPY", "QUERY", "x-Lock")


def test_paths_that_servers_make_one_share_their_methods() -> None:
    over = contract({"/v1/a": ["get"], "/a": {"post": OK, "servers": [{"url": "/v1"}]}})
    with pytest.raises(MethodNotAllowed) as caught:
        over.match("DELETE", "/v1/a")
    assert caught.value.allowed == ("GET", "POST")


# servers


@pytest.mark.parametrize(
    ("servers", "good", "bad"),
    [
        ([], ["/a"], ["/v1/a"]),
        ([{"url": "/"}], ["/a"], ["//a"]),
        ([{"url": "https://h.example/v1/"}], ["/v1/a", "/a"], ["/v1//a", "/v2/a"]),
        ([{"url": "https://u:p@h.example/v1"}], ["/v1/a"], []),
        ([{"url": "v1"}], ["/v1/a"], []),
        ([{"url": "./api/../v1"}], ["/v1/a"], []),
        ([{"url": "https://h/one"}, {"url": "https://h/two"}], ["/one/a", "/two/a"], ["/three/a"]),
        ([{"url": "https://h/caf%C3%A9"}], ["/caf%c3%a9/a"], []),
        (
            [
                {
                    "url": "https://{where}.h/{v}",
                    "variables": {
                        "where": {"default": "eu"},
                        "v": {"default": "v2", "enum": ["v1", "v2"]},
                    },
                }
            ],
            ["/v2/a", "/v1/a"],
            ["/v3/a", "/{v}/a"],
        ),
        ([{"url": "https://h:{port}/v1", "variables": {"port": {"default": "1"}}}], ["/v1/a"], []),
        ([{"url": "https://h/{tenant}"}], ["/any/a"], ["/any/where/a"]),
        (
            [{"url": "https://{h}/{tenant}/v1", "variables": {"tenant": {"default": "demo"}}}],
            ["/demo/v1/a", "/acme/v1/a"],
            ["/acme/v2/a", "/x/y/v1/a"],
        ),
        ([{"url": "http://[half/v1"}], ["/a"], []),
        ([{"url": "../v1"}], ["/v1/a"], ["v1/a"]),
        ([{"url": "../../v1/./x/"}], ["/v1/x/a"], []),
        ([{"url": "//h.example/v1"}], ["/v1/a"], ["//h.example/v1/a"]),
        ([{"url": "{scheme}://{host}:{port}/v1?x=1"}], ["/v1/a"], []),
        ([{"url": "https://h/a/../v1#x"}], ["/v1/a"], []),
        ([{"url": ""}, {"url": "."}], ["/a"], []),
    ],
)
def test_a_server_gives_the_base_path(servers: list[Any], good: list[str], bad: list[str]) -> None:
    over = contract({"/a": ["get"]}, servers=servers)
    assert [found(over, "GET", target)[0] for target in good] == ["GET /a"] * len(good)
    for target in bad:
        with pytest.raises(NoSuchPath):
            over.match("GET", target)


@pytest.mark.parametrize(
    ("name", "members", "base"),
    [
        ("https://h/api/openapi.yaml", {}, "/api/v1"),
        ("/api/openapi.yaml", {}, "/api/v1"),
        ("d.json", {"$self": "https://h/api/openapi.yaml"}, "/api/v1"),
        ("d.json", {"$self": "/deep/api/openapi.yaml"}, "/deep/api/v1"),
        ("https://h/one/two", {"$self": "three/four"}, "/one/three/v1"),
    ],
)
def test_a_server_may_be_relative_to_the_documents_address(
    name: str, members: dict[str, Any], base: str
) -> None:
    root = {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": OK}},
    }
    root |= {"servers": [{"url": "v1"}, {"url": "../v1"}], **members}
    read = document.read(json.dumps(root).encode(), name=name)
    (operation,) = reader.compile(read).operations
    above = base.removesuffix("/v1").rpartition("/")[0]
    assert operation.base_paths == (base, f"{above}/v1")


def test_the_nearest_servers_count() -> None:
    over = contract(
        {
            "/a": {
                "servers": [{"url": "/item"}],
                "get": {**OK, "servers": [{"url": "/own"}]},
                "put": OK,
            },
            "/b": ["get"],
        },
        servers=[{"url": "/top"}],
    )
    assert {operation.name: operation.base_paths for operation in over.operations} == {
        "GET /a": ("/own",),
        "PUT /a": ("/item",),
        "GET /b": ("/top",),
    }


def test_the_enums_of_many_variables_do_not_multiply_without_end() -> None:
    variables = {f"v{n}": {"default": "0", "enum": [str(i) for i in range(10)]} for n in range(9)}
    url = "/" + "/".join(f"{{{name}}}" for name in variables)
    (operation,) = contract(
        {"/a": ["get"]}, servers=[{"url": url, "variables": variables}]
    ).operations
    assert len(operation.base_paths) == 64
    assert operation.base_paths[0] == "/0/0/0/0/0/0/0/0/0"


# names


def test_an_operation_is_found_by_its_id_or_its_method_and_path() -> None:
    over = contract({"/a": {"get": {**OK, "operationId": "readA"}, "put": OK}})
    assert over.operation("readA") is over.operation("GET /a")
    with pytest.raises(NoSuchOperation) as caught:
        over.operation("writeA")
    assert caught.value.names == ("GET /a", "PUT /a")
    assert str(caught.value) == "the document has no operation 'writeA'; it has GET /a, PUT /a"


def test_a_contract_without_verbs_says_how_to_get_them() -> None:
    over = contract({"/a": ["get"]})
    with pytest.raises(TypeError, match=r"use troth\.load"):
        over.validate(Exchange(Request("GET", "/a")))


def test_a_document_without_overlays_is_its_own_published_contract() -> None:
    over = contract({"/a": ["get"]})
    assert over.published is over
