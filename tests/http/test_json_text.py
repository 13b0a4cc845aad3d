import contextlib
import json
import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.http import json_text
from troth.http.json_text import BadJson, Limits

DEFAULT = Limits()
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [":", '":', "a:b", "\\u003a", "9" * 30, "1e20", "1.0", "\U0001f30d"]
)
NUMBERS = (
    st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def reason(data, *, limits=DEFAULT):
    with pytest.raises(BadJson) as caught:
        json_text.decode(data, limits=limits)
    return caught.value.reason, caught.value.offset


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("empty", 0)),
        (b" \n", ("empty", 2)),
        (b"\xef\xbb\xbf", ("empty", 3)),
        (b"{", ("syntax", 1)),
        (b"[1,]", ("syntax", 2)),
        ('{"é":tru}'.encode(), ("syntax", 6)),
        (b"<html>NaN</html>", ("syntax", 0)),
        (b"'a'", ("syntax", 0)),
        (b"01", ("syntax", 0)),
        (b"{}x", ("trailing", 2)),
        (b"{}{}", ("trailing", 2)),
        (b"\xef\xbb\xbf{}x", ("trailing", 5)),
        (b'{"a":"\xff"}', ("utf-8", 6)),
        (b'"\xed\xa0\x80"', ("utf-8", 1)),
        (b"\xc3", ("utf-8", 0)),
        ('{"a":1}'.encode("utf-16"), ("encoding", 0)),
        ('{"a":1}'.encode("utf-16-le"), ("encoding", 0)),
        ('{"a":1}'.encode("utf-16-be"), ("encoding", 0)),
        ('{"a":1}'.encode("utf-32"), ("encoding", 0)),
        (b"NaN", ("nan", 0)),
        (b'{"a": -Infinity}', ("nan", 6)),
        (b"1e999", ("number", 0)),
        (b"[-1E+400]", ("number", 1)),
        (b"9" * 400 + b".5", ("number", 0)),
        (b"1e5e5", ("trailing", 3)),
        (b"9" * 501, ("number", 0)),
        (b"[" * 255 + b"]" * 255, ("depth", 254)),
        (b"[" * 100_000, ("depth", 254)),
        (b'{"a":' * 300 + b"1" + b"}" * 300, ("depth", 254 * 5)),
        (b'{"stream":true,"stream":false}', ("duplicate-key", 15)),
        (b'[{"a":1},{"b":{"c":1, "c" : 2}}]', ("duplicate-key", 22)),
        (b'{"a":1,"\\u0061":2}', ("duplicate-key", 7)),
        (b'{"a":":","a":"\\u003a"}', ("duplicate-key", 9)),
        (b'{"a":"\\u003a\\u003A","a":2}', ("duplicate-key", 20)),
        (b'{"":1,"":2}', ("duplicate-key", 6)),
        (b'"\\ud800"', ("lone-surrogate", 1)),
        (b'"\\udc00"', ("lone-surrogate", 1)),
        (b'["\\ud800\\ud800\\udc00"]', ("lone-surrogate", 2)),
        (b'"\\ud800 \\udc00"', ("lone-surrogate", 1)),
        (b'{"\\ud800":1}', ("lone-surrogate", 2)),
        (b'"a\nb"', ("control-character", 2)),
    ],
)
def test_each_fault_has_its_reason_and_its_offset(data, expected):
    assert reason(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b'"\\ud83c\\udf0d \\\\ud800"', "\U0001f30d \\ud800"),
        (b'{"a":":","b":"\\u003a","a:":1}', {"a": ":", "b": ":", "a:": 1}),
        (b"18446744073709551616", 18446744073709551616),
        (b"[-9223372036854775809]", [-9223372036854775809]),
        (b'{"seed" : 1180591620717411303424}', {"seed": 2**70}),
        (b"9" * 500, int("9" * 500)),
        (b"[" * 254 + b"]" * 254, json.loads("[" * 254 + "]" * 254)),
        (b'{"id":"99999999999999999999999"}', {"id": "9" * 23}),
        (b'[{"a":1},{"a":1},{"b":{"a":1}}]', [{"a": 1}, {"a": 1}, {"b": {"a": 1}}]),
        (b"1e-999", 0.0),
        (b"null", None),
    ],
)
def test_what_is_json_is_read(data, expected):
    value = json_text.decode(data)
    assert value == expected
    assert type(value) is type(expected)


def test_a_fault_says_where_it_is_and_what_to_do():
    with pytest.raises(BadJson) as caught:
        json_text.decode('{\n  "é": 1, "é": 2\n}'.encode())
    fault = caught.value
    assert (fault.line, fault.column, fault.offset) == (2, 11, 13)
    assert str(fault) == (
        'a second member "é" at line 2, column 11 (byte 13); name each member of an object once'
    )


def test_limits_are_those_of_the_caller():
    assert reason(b"[[[]]]", limits=Limits(depth=2)) == ("depth", 2)
    assert json_text.decode(b"[[]]", limits=Limits(depth=2)) == [[]]
    assert json_text.decode(b"[{},[],{}]", limits=Limits(depth=2)) == [{}, [], {}]
    deep = b"[" * 400 + b"]" * 400
    assert json_text.decode(deep, limits=Limits(depth=400)) == json.loads(deep)
    assert reason(b"[12345678901234567890123456789]", limits=Limits(digits=20)) == ("number", 1)


@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.booleans())
def test_every_value_is_read_back_exactly(value, indent, ascii_only, spaced):
    separators = (" , ", " : ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    assert json_text.decode(text.encode()) == value
    assert json_text.decode_lenient(text.encode()) == (value, ())


def with_repetition(value):
    """Write *value*, with every object's first member a second time at its end."""
    if isinstance(value, dict):
        members = [f"{json.dumps(k)}:{with_repetition(v)}" for k, v in value.items()]
        return "{" + ",".join(members + members[:1]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(with_repetition, value)) + "]"
    return json.dumps(value)


def has_members(value):
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(map(has_members, value))


@given(VALUES.filter(has_members))
def test_a_repeated_name_is_always_found(value):
    data = with_repetition(value).encode()
    assert reason(data)[0] == "duplicate-key"
    read, faults = json_text.decode_lenient(data)
    assert read == json.loads(data)
    assert {fault.reason for fault in faults} == {"duplicate-key"}


PIECES = st.sampled_from(
    '{ } [ ] , : " \\ \\ud8 00 "a" 1 e9 - NaN true é 99999999999999999999'.encode().split(b" ")
) | st.sampled_from([b" ", b"\n", b"\xff", b"\xef\xbb\xbf", b"\x00"])


@given(st.lists(PIECES, max_size=20).map(b"".join) | st.binary(max_size=20))
@settings(max_examples=300)
def test_no_bytes_do_more_than_raise_bad_json(data):
    strict = lenient = fault = None
    with contextlib.suppress(BadJson):
        lenient = json_text.decode_lenient(data)
    try:
        strict = json_text.decode(data)
    except BadJson as raised:
        fault = raised
    if fault is None:
        assert strict == json.loads(data.decode("utf-8-sig"))
        assert lenient is not None
    else:
        assert 0 <= fault.offset <= len(data)
        assert fault.reason in str(fault) or fault.detail in str(fault)
        assert lenient is None or lenient[1]


@pytest.mark.parametrize(
    ("data", "value", "reasons"),
    [
        (b"{}x", {}, ["trailing"]),
        (b'{"a":"\xff"}', {"a": "\ufffd"}, ["utf-8"]),
        ('{"é":1}'.encode("utf-16"), {"é": 1}, ["encoding"]),
        ('{"a":1}'.encode("utf-32-be"), {"a": 1}, ["encoding"]),
        (b"\xef\xbb\xbf1", 1, ["byte-order-mark"]),
        (b"[-Infinity,1e999]", [-math.inf, math.inf], ["nan", "number"]),
        (b"9" * 5000, math.inf, ["number"]),
        (b'{"a":1,"a":"\n"}x', {"a": "\n"}, ["duplicate-key", "control-character", "trailing"]),
        (b'"\\ud800"', "\ud800", ["lone-surrogate"]),
    ],
)
def test_an_answer_is_read_as_far_as_it_goes(data, value, reasons):
    read, faults = json_text.decode_lenient(data)
    assert (read, [fault.reason for fault in faults]) == (value, reasons)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<html>", "syntax"),
        (b"", "empty"),
        (b"[" * 5000 + b"]" * 5000, "depth"),
        (b"[1", "syntax"),
    ],
)
def test_an_answer_without_a_value_raises(data, expected):
    with pytest.raises(BadJson) as caught:
        json_text.decode_lenient(data)
    assert caught.value.reason == expected


def test_encoding_keeps_order_and_survives_what_orjson_refuses():
    assert json_text.encode({"b": 1.0, "a": "é"}) == '{"b":1.0,"a":"é"}'.encode()
    assert json_text.encode({"b": 2**70, "a": "\ud800"}) == (
        b'{"b":1180591620717411303424,"a":"\\ud800"}'
    )
    assert json_text.encode([math.nan, 2**70, math.inf]) == b"[null,1180591620717411303424,null]"


@given(VALUES)
def test_encoding_round_trips(value):
    assert json_text.decode(json_text.encode(value)) == value


def integers_as_floats(value):
    if isinstance(value, dict):
        return {name: integers_as_floats(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return [integers_as_floats(item) for item in value]
    is_small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if is_small else value


@given(VALUES)
def test_canonical_bytes_do_not_depend_on_order_or_on_how_integers_are_written(value):
    assert json_text.canonical(integers_as_floats(value)) == json_text.canonical(value)


def test_canonical_form_is_pinned():
    value = {"b": [1.0, 1e16, 0.5, -0.0], "a": {"é": True, "B": None}}
    assert json_text.canonical(value) == (
        '{"a":{"B":null,"é":true},"b":[1,10000000000000000,0.5,0]}'.encode()
    )
    assert (
        json_text.canonical([1e20]) == json_text.canonical([10**20]) == b"[100000000000000000000]"
    )


def test_orjson_writes_no_deeper_than_the_depth_proof_assumes():
    nested = orjson.loads(b"[" * 255 + b"]" * 255)
    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(nested)
