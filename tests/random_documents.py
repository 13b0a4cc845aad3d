"""Random schemas, and random operations that take values of them in every place of a request."""

from __future__ import annotations

from hypothesis import strategies as st

from parameter_documents import SCHEMES, written


def _schemas(children):
    members = st.dictionaries(st.sampled_from("abc"), children, max_size=3)
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": members},
            optional={
                "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
                "additionalProperties": st.booleans(),
                "minProperties": st.integers(0, 3),
                "dependentRequired": st.just({"a": ["b"]}),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": children},
            optional={
                "minItems": st.integers(0, 3),
                "maxItems": st.integers(2, 4),
                "uniqueItems": st.booleans(),
                "contains": children,
            },
        ),
        st.fixed_dictionaries({"allOf": st.lists(children, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"anyOf": st.lists(children, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(children, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": children}),
        st.fixed_dictionaries({"if": children, "then": children, "else": children}),
    )


LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "null", "boolean"])}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from([1, "a", None, []]), min_size=1)}),
    st.fixed_dictionaries({"minimum": st.integers(-2, 2)}, optional={"maximum": st.integers(0, 4)}),
    st.fixed_dictionaries(
        {"minLength": st.integers(0, 3)}, optional={"maxLength": st.integers(1, 3)}
    ),
    st.fixed_dictionaries({"required": st.lists(st.sampled_from("ab"), min_size=1, unique=True)}),
    st.fixed_dictionaries({"type": st.just("integer"), "multipleOf": st.integers(2, 3)}),
)


#: Schemas of every kind of keyword, a few of them inside one another.
SCHEMAS_OF_ANY_KIND = st.recursive(LEAVES, _schemas, max_leaves=8)

# What a text is likely to be read as, beside schemas of any kind.
_TEXTUAL = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean"])}),
    st.just({"type": ["string", "null"]}),
    st.just({"type": "string", "format": "date"}),
    st.just({"type": "string", "minLength": 2, "maxLength": 5}),
    st.fixed_dictionaries({"enum": st.just(["a b", "c,d", "e"])}),
)


def _structured(children):
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": children},
            optional={"minItems": st.integers(0, 2), "uniqueItems": st.booleans()},
        ),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["object", ["object", "null"]]),
                "properties": st.dictionaries(st.sampled_from("abc"), children, max_size=3),
            },
            optional={"required": st.just(["a"]), "additionalProperties": st.booleans()},
        ),
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("ab"), children)}),
        st.fixed_dictionaries({"anyOf": st.lists(children, min_size=1, max_size=2)}),
    )


_SCHEMAS = st.one_of(
    st.recursive(_TEXTUAL, _structured, max_leaves=4),
    st.recursive(LEAVES, _schemas, max_leaves=3),
)
_STYLES = {
    "path": ["simple", "label", "matrix"],
    "query": ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
    "header": ["simple"],
    "cookie": ["form"],
}


@st.composite
def _parameter(draw, where, name):
    described = draw(_SCHEMAS)
    parameter = {"name": name, "in": where, "required": where == "path" or draw(st.booleans())}
    if draw(st.integers(0, 5)) == 5:
        return {**parameter, "content": {"application/json": {"schema": described}}}
    style = {"style": draw(st.sampled_from(_STYLES[where])), "explode": draw(st.booleans())}
    return {**parameter, "schema": described, **(style if draw(st.booleans()) else {})}


_BODIES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
        "application/octet-stream",
        "application/xml",
        "application/jsonl",
    ]
)


@st.composite
def documents(draw):
    """A document of one operation that takes all that one can take, of random schemas."""
    where = draw(st.lists(st.sampled_from(sorted(_STYLES)), max_size=4))
    parameters = [draw(_parameter(place, f"p{number}")) for number, place in enumerate(where)]
    names = [one["name"] for one in parameters if one["in"] == "path"]
    operation = {}
    if draw(st.booleans()):
        content = {draw(_BODIES): {"schema": draw(_SCHEMAS)} if draw(st.booleans()) else {}}
        operation["requestBody"] = {"content": content, "required": draw(st.booleans())}
    if draw(st.integers(0, 3)) == 3:
        operation["security"] = [{draw(st.sampled_from(sorted(SCHEMES))): []}]
    path = "/x" + "".join(f"/{{{name}}}" for name in names)
    return written(parameters, path=path, method="post", **operation)
