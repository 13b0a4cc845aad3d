"""Patterns of ECMA-262, as their own engine answers (V8's answers stand in the tables)."""

import json
import shutil
import subprocess

import jsonschema_rs
import pytest

from troth.generation import patterns
from troth.generation.source import Seeded
from troth.schema import ecma, engine_patterns
from troth.schema.untrusted_schema import embedded
from troth.schema.validators import legible
from troth.seed import Seed

# pattern, texts that it matches, texts that it does not
TABLE = [
    (r"^(?<q>a)\k<q>$", ["aa"], ["a", "ab"]),
    (r"^(?:(a)|(b))\1\2$", ["aa", "bb"], ["ab", "a"]),
    (r"^(a)?b\1$", ["b", "aba"], ["ab", "ba"]),
    (r"^\1(a)$", ["a"], ["aa"]),
    (r"(a)|\1b", ["a", "b"], ["c"]),
    (r"(?<n>x)y|(?<n>z)", ["xy", "z"], ["x"]),
    ("[^]", ["x", "\n", "\u2028", "\U0001f600"], [""]),
    ("[]", [], ["", "x"]),
    (r"^[^\0]$", ["a", "\n"], ["\0"]),
    (r"^\uD83D\uDE00$", ["\U0001f600"], ["\ud83d"]),
    (r"^[\uD83D\uDE00-\u{1F602}]$", ["\U0001f601"], ["\ude00", "x"]),
    (r"^[\ud800-\udfff]$", ["\ud83d"], ["\U0001f600", "a"]),
    (r"^[^\ud800]$", ["a", "\ud801"], ["\ud800"]),
    ("^.$", ["\x85", "a", "\U0001f600"], ["\u2028", "\u2029", "\r", "\n"]),
    (r"^[\s\S]$", ["\u2028", "\n"], [""]),
    (r"é\b", [], ["é", "éé"]),
    (r"é\ba", ["éa"], ["é a"]),
    (r"a\Bé", [], ["aé"]),
    (r"\bfoo\b", ["a foo b", "éfooé"], ["foot", "_foo"]),
    (r"^\w$", ["a", "_", "0"], ["é", "\u017f"]),
    (r"^\W$", ["é", "-"], ["a"]),
    (r"^\d$", ["1"], ["\u0663"]),
    (r"^[^\D5]$", ["4"], ["5", "a"]),
    (r"^\s$", ["\ufeff", "\u00a0", "\u2028", "\v"], ["\x85", "\u180e", "\x1c"]),
    (r"^\cA\x41\u0042\u{43}\/$", ["\x01ABC/"], ["AABC/"]),
    (r"^[\b]$", ["\b"], ["b"]),
    (r"(?<=a+)b", ["aab"], ["b"]),
    (r"(?<!a|bc)d", ["d", "cd"], ["ad", "bcd"]),
    (r"^\p{Lu}\P{Lu}$", ["Éa"], ["aa", "AA"]),
    (r"^\p{Script=Greek}+$", ["αβ"], ["ab"]),
    (r"^[\p{L}\d]+$", ["é1"], ["-"]),
    (r"^[a&&b]$", ["&"], ["ab"]),
    (r"^[a~~\-\-z]$", ["~", "-"], ["y"]),
    (r"^[[a]$", ["[", "a"], ["]"]),
    (r"^(?:)*$", [""], ["a"]),
    (r"a{2,3}?b", ["aab"], ["ab"]),
    ("a$", ["a"], ["a\n"]),
]
# what only a reader without the `u` flag takes
LOOSE = [
    (r"^a\-b\_c$", ["a-b_c"], ["a\\-b"]),
    (r"^{x}$", ["{x}"], ["x"]),
    (r"^a{,2}$", ["a{,2}"], ["aa"]),
    (r"^]$", ["]"], ["["]),
    (r"^[\w-.]$", ["-", ".", "a"], ["/"]),
    (r"^\07$", ["\x07"], ["7"]),
    (r"^\c$", ["\\c"], ["c"]),
    (r"^\k$", ["k"], ["\\k"]),
    (r"^\u00$", ["u00"], ["\0"]),
    (r"^(?=a)*b$", ["b"], ["ab"]),
    (r"^\"\@\#\ $", ['"@# '], ["@"]),
]
NONE = [
    ("(?P<n>a)", "(?P<"),
    ("a++", "++"),
    (r"\A", r"\A"),
    (r"a\Z", r"\Z"),
    ("(?i)a", "(?i)"),
    ("(?>a)", "(?>"),
    ("[[:alpha:]]", "[:alpha:]"),
    (r"\p{IsGreek}", r"\p{IsGreek}"),
    ("[", "["),
    ("(a", "(a"),
    ("a)", ")"),
    ("*", "*"),
    ("[z-a]", "[z-a"),
    ("a{3,2}", "a{3,2}"),
    (r"(?<a>x)\k<b>", r"\k<b>"),
    (r"(?<a>x)(?<a>y)", "(?<a>"),
    ("{1}", "{"),
]


@pytest.mark.parametrize(("pattern", "fits", "fails"), TABLE + LOOSE)
def test_an_expression_matches_what_ecma_262_says(pattern, fits, fails):
    is_valid = embedded({"pattern": pattern}).is_valid
    assert [text for text in fits if not is_valid(text)] == []
    assert [text for text in fails if is_valid(text)] == []


@pytest.mark.parametrize("pattern", [row[0] for row in TABLE])
def test_what_has_the_u_flag_is_not_loose(pattern):
    assert ecma.parse(pattern).loose is None


@pytest.mark.parametrize("pattern", [row[0] for row in LOOSE])
def test_what_has_not_is(pattern):
    assert ecma.parse(pattern).loose is not None


def test_the_format_regex_is_what_ecma_262_has_with_the_u_flag():
    is_valid = embedded({"format": "regex"}).is_valid
    assert [row[0] for row in TABLE if not is_valid(row[0])] == []
    assert [row[0] for row in LOOSE + NONE if is_valid(row[0])] == []


@pytest.mark.parametrize(("pattern", "part"), NONE)
def test_what_is_none_says_where(pattern, part):
    with pytest.raises(ecma.NotEcma) as caught:
        engine_patterns.written(pattern)
    assert caught.value.part == part


def test_what_the_engine_cannot_be_told_is_said():
    with pytest.raises(ecma.NotEcma):
        engine_patterns.written(r"^(?:(a)|b)*\1$")
    assert ecma.parse(r"^(?:(a)|b)*\1$").loose is None


@pytest.mark.parametrize(("pattern", "fits"), [row[:2] for row in TABLE + LOOSE])
def test_what_is_drawn_of_it_matches(pattern, fits):
    draw = patterns.generator(pattern)
    if draw is None or any(mark in pattern for mark in ("(?=", "(?<", r"\b", r"\B")):
        return
    for number in range(20):
        text = draw(Seeded(Seed.of(number)), 2)
        assert patterns.matches(pattern, text), text


# One word list reads better than forty quoted pieces.
PIECES = (  # noqa: SIM905 - words
    r"a b (a) (b|a) (?:a|b) . \b \B ^ $ [ab] [^a] \w \W \d \s a* b+ a? (a)? (a|b)* \1 \2 |"
    r" (?=a) (?!b) (?<=a) (?<!b) é _ (?<n>a) \k<n> {1,2} x \- [\w-] [^] [] { } \cA \u{61}"
).split()
TEXTS = ["", *"ab_é-x{", "\n", "\u2028", "aa", "ab", "ba", "aba", "abb", "éa", "a é", "axa", "\x01"]
SCRIPT = """
const {patterns, texts} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const read = (pattern) => {
  try { return new RegExp(pattern, "u"); } catch (error) {}
  try { return new RegExp(pattern); } catch (error) { return null; }
};
const answers = patterns.map((pattern) => {
  const expression = read(pattern);
  return expression && [expression.unicode, texts.map((text) => expression.test(text))];
});
console.log(JSON.stringify(answers));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to ask")
def test_v8_gives_the_same_answers():
    source = Seeded(Seed.of("patterns"))
    drawn = [source.text(PIECES, 1, 6) for _ in range(800)]
    asked = json.dumps({"patterns": drawn, "texts": TEXTS})
    ran = subprocess.run(
        ["node", "-e", SCRIPT], input=asked, capture_output=True, text=True, check=True
    )
    for pattern, answer in zip(drawn, json.loads(ran.stdout), strict=True):
        text, fault = written(pattern)
        if text is None:
            assert answer is None or "repeated" in fault, pattern
        elif answer is None:
            assert "(?<n>" in pattern, pattern  # ES2025 lets branches share a name
        else:
            assert (ecma.parse(pattern).loose is None) == answer[0], pattern
            engine = jsonschema_rs.Draft202012Validator(
                {"pattern": text}, pattern_options=engine_patterns.LIMITS
            )
            assert [engine.is_valid(legible(each)) for each in TEXTS] == answer[1], pattern


def written(pattern):
    try:
        return engine_patterns.written(pattern), ""
    except ecma.NotEcma as fault:
        return None, fault.part
