r"""Regular expressions of ECMA-262, read whole.

JSON Schema 2020-12 §6.4 asks for the `u` flag.  Much that is written in documents is an expression
only without it (`\-`, a lone `{`): that is read as ECMA-262 Annex B reads it, characters being code
points all the same, and `Expression.loose` says so.  What only other dialects mean (`\A`, `(?P<n>`,
`[[:alpha:]]`, `\p{IsGreek}`) is no expression here, although Annex B would give it some meaning:
nobody who writes it has that in mind.

One tree serves two readers: `engine_patterns`, which writes it for the engine that matches, and
`generation.patterns`, which draws from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_CONTROLS = {"f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
#: The escapes of sets of characters, as ranges (ECMA-262 §22.2.2.9; `\s` is WhiteSpace).
CLASSES = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": (
        *((9, 13), (32, 32), (160, 160), (0x1680, 0x1680), (0x2000, 0x200A)),
        *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
        (0xFEFF, 0xFEFF),
    ),
}
_LINE_ENDS = ((10, 10), (13, 13), (0x2028, 0x2029))
LAST = 0x10FFFF
# What other dialects mean by an escaped letter: anchors, possessives, quotations, any line end.
_ELSEWHERE = frozenset("AGHKQREXZhz")
_QUANTIFIER = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_DEEPEST = 200

# ECMA-262 §22.2.1.1, tables 67 to 69; of scripts, the engine knows the names.
_PROPERTIES = frozenset(
    # One word list reads better than two hundred quoted names.
    "Any Assigned ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Bidi_Control Bidi_C Bidi_Mirrored"  # noqa: SIM905 - words
    " Bidi_M Case_Ignorable CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM"
    " Changes_When_Lowercased CWL Changes_When_NFKC_Casefolded CWKCF Changes_When_Titlecased CWT"
    " Changes_When_Uppercased CWU Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia"
    " Emoji Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation"
    " EPres Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base Grapheme_Extend Gr_Ext"
    " Hex_Digit Hex IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC ID_Start IDS"
    " Ideographic Ideo Join_Control Join_C Logical_Order_Exception LOE Lowercase Lower Math"
    " Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS"
    " Quotation_Mark QMark Radical Regional_Indicator RI Sentence_Terminal STerm Soft_Dotted SD"
    " Terminal_Punctuation Term Unified_Ideograph UIdeo Uppercase Upper Variation_Selector VS"
    " White_Space space XID_Continue XIDC XID_Start XIDS"
    " Cased_Letter LC Close_Punctuation Pe Connector_Punctuation Pc Control Cc cntrl"
    " Currency_Symbol Sc Dash_Punctuation Pd Decimal_Number Nd digit Enclosing_Mark Me"
    " Final_Punctuation Pf Format Cf Initial_Punctuation Pi Letter L Letter_Number Nl"
    " Line_Separator Zl Lowercase_Letter Ll Mark M Combining_Mark Math_Symbol Sm Modifier_Letter Lm"
    " Modifier_Symbol Sk Nonspacing_Mark Mn Number N Open_Punctuation Ps Other C Other_Letter Lo"
    " Other_Number No Other_Punctuation Po Other_Symbol So Paragraph_Separator Zp Private_Use Co"
    " Punctuation P punct Separator Z Space_Separator Zs Spacing_Mark Mc Surrogate Cs Symbol S"
    " Titlecase_Letter Lt Unassigned Cn Uppercase_Letter Lu".split()
)
_VALUED = re.compile(r"(?:General_Category|gc|Script|sc|Script_Extensions|scx)=\w+")


class NotEcma(ValueError):
    """The text is no regular expression of ECMA-262; *part* is where it ceases to be."""

    def __init__(self, part: str, why: str = "") -> None:
        super().__init__(part, why)
        self.part = part
        self.why = why


@dataclass(frozen=True, slots=True)
class Set:
    """One character: of *ranges*, of a class (`d`, `W`), or of a property (`p{L}`); or not."""

    ranges: tuple[tuple[int, int], ...] = ()
    classes: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several branches."""

    branches: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times; *high* is None where there is no limit."""

    part: Part
    low: int
    high: int | None
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A part that later ones may refer to, by its *number*."""

    part: Part
    number: int


@dataclass(frozen=True, slots=True)
class Cased:
    """A part that is matched whatever the letters' case is, or not (a modifier of ES2025)."""

    part: Part
    ignored: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What must come next, or have come before; or must not."""

    part: Part
    behind: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Back:
    """What a group before matched; the empty text where it took no part."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A place: `^` and `$` of the text, `m^` and `m$` of a line, `b` and `B` of a word."""

    kind: str


Part = Set | Sequence | Choice | Repeat | Group | Cased | Look | Back | Edge

ANY = Set(negated=True)
#: What `.` matches: all but the ends of lines.
DOT = Set(_LINE_ENDS, negated=True)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, read: *loose* is the part that only a reader without the `u` flag takes."""

    part: Part
    loose: str | None = None


@lru_cache(maxsize=4096)
def parse(pattern: str) -> Expression:
    """Read *pattern*, with the `u` flag if that can be.  Raises NotEcma."""
    try:
        return Expression(_Reader(pattern, unicode=True).read())
    except NotEcma as fault:
        try:
            return Expression(_Reader(pattern, unicode=False).read(), loose=fault.part)
        except NotEcma as other:
            raise other from None


@dataclass(slots=True)
class _Reader:
    """A recursive-descent reader of one expression (ECMA-262 §22.2.1; Annex B.1.2 without `u`)."""

    text: str
    unicode: bool
    at: int = 0
    depth: int = 0
    groups: int = 0
    flags: frozenset[str] = frozenset()
    names: dict[str, list[int]] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    # the groups of the whole expression: references may go forward
    total: int = 0
    known: frozenset[str] = frozenset()

    def read(self) -> Part:
        opening = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", self.text, flags=re.DOTALL)
        self.total = len(re.findall(r"\((?!\?)|\(\?<(?![=!])", opening))
        self.known = frozenset(re.findall(r"\(\?<(?![=!])([^>]*)>", opening))
        part = self.choice()
        if self.at < len(self.text):
            raise NotEcma(self.text[self.at])
        return part

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, word: str) -> bool:
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def until(self, mark: str, start: int) -> str:
        end = self.text.find(mark, self.at)
        if end < 0:
            raise NotEcma(self.text[start : start + 12])
        taken, self.at = self.text[self.at : end], end + len(mark)
        return taken

    def choice(self) -> Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotEcma(self.text[self.at :][:12], "nests too deep")
        before, after = self.taken, self.taken
        branches: list[Part] = []
        while not branches or self.take("|"):
            self.taken = before
            branches.append(self.sequence())
            after |= self.taken
        self.taken = after
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self) -> Part:
        parts: list[Part] = []
        while self.peek() not in ("", "|", ")"):
            start = self.at
            part = self.term()
            parts.append(self.quantified(part, start))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self, part: Part, start: int) -> Part:
        char = self.peek()
        if char in ("*", "+", "?") and char:
            self.at += 1
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        elif match := _QUANTIFIER.match(self.text, self.at):
            self.at = match.end()
            low = int(match[1])
            high = int(match[3]) if match[3] else None if match[2] else low
        else:
            return part
        lazy = self.take("?")
        # Annex B lets lookaheads be repeated
        fixed = isinstance(part, Look) and (self.unicode or part.behind)
        if fixed or isinstance(part, Edge) or (high is not None and low > high):
            raise NotEcma(self.text[start : self.at])
        if self.peek() in ("*", "+") and self.peek():
            raise NotEcma(self.text[self.at - 1 : self.at + 1], "nothing is there to repeat")
        return Repeat(part, low, high, lazy)

    def term(self) -> Part:
        char = self.text[self.at]
        self.at += 1
        if char in "^$":
            return Edge(f"m{char}" if "m" in self.flags else char)
        if char == ".":
            return ANY if "s" in self.flags else DOT
        if char == "[":
            return self.bracket()
        if char == "(":
            return self.group()
        if char == "\\":
            return self.escape()
        if char in "*+?" or (char == "{" and _QUANTIFIER.match(self.text, self.at - 1)):
            raise NotEcma(self.text[max(self.at - 2, 0) : self.at], "nothing is there to repeat")
        if char in "{}]" and self.unicode:
            raise NotEcma(char)
        return _one(ord(char))

    def group(self) -> Part:
        start = self.at - 1
        for mark, behind, negated in (
            *(("?=", False, False), ("?!", False, True)),
            *(("?<=", True, False), ("?<!", True, True)),
        ):
            if self.take(mark):
                return Look(self.closed(start), behind, negated)
        if self.take("?:"):
            return self.closed(start)
        if self.take("?<"):
            name = self.until(">", start)
            # ES2025 lets branches of one choice share a name
            if not name.replace("$", "_").isidentifier() or name in self.taken:
                raise NotEcma(f"(?<{name}>")
            self.taken |= {name}
            self.groups += 1
            number = self.groups
            self.names.setdefault(name, []).append(number)
            return Group(self.closed(start), number)
        if match := re.compile(r"\?([ims]*)(-[ims]*)?:").match(self.text, self.at):
            return self.modified(match, start)
        if self.peek() == "?":
            known = re.compile(r"\(\?(?:P[<=>]?|[a-zA-Z-]+\)|.?)").match(self.text, start)
            raise NotEcma(known[0] if known else "(?")
        self.groups += 1
        return Group(self.closed(start), self.groups)

    def modified(self, match: re.Match[str], start: int) -> Part:
        self.at = match.end()
        on, off = frozenset(match[1]), frozenset((match[2] or "-")[1:])
        if on & off or not (on | off):
            raise NotEcma(f"({match[0]}")
        outside, self.flags = self.flags, (self.flags | on) - off
        part = self.closed(start)
        self.flags = outside
        return Cased(part, "i" in on) if "i" in on | off else part

    def closed(self, start: int) -> Part:
        part = self.choice()
        if not self.take(")"):
            raise NotEcma(self.text[start : start + 12], "it is not closed")
        return part

    def escape(self) -> Part:
        start = self.at - 1
        char = self.peek()
        if char in ("b", "B") and char:
            self.at += 1
            return Edge(char)
        if char == "k" and (self.unicode or self.known):
            self.at += 1
            if not self.take("<"):
                raise NotEcma("\\k")
            name = self.until(">", start)
            if name not in self.known:
                raise NotEcma(f"\\k<{name}>", "no group has this name")
            return Back(tuple(self.names.get(name, ())))
        if match := re.compile(r"[1-9][0-9]*").match(self.text, self.at):
            if int(match[0]) <= self.total:
                self.at = match.end()
                return Back((int(match[0]),))
            if self.unicode:
                raise NotEcma(f"\\{match[0]}", "there is no such group")
        return self.character(start, inside=False)

    def character(self, start: int, *, inside: bool) -> Set:
        """The character, or the class of characters, that is escaped at *start*."""
        char = self.peek()
        self.at += 1
        if not char:
            raise NotEcma("\\")
        if char in "dDsSwW":
            return Set(classes=(char,))
        if char in "pP":
            return self.property(char, start)
        if char in _CONTROLS:
            return _one(_CONTROLS[char])
        if char == "c":
            return self.control(inside=inside)
        if char in "xu" and (code := self.code(char)) is not None:
            return _one(code)
        if char.isdigit() and char.isascii():
            return self.octal(char)
        if char in _SYNTAX or (inside and char == "-"):
            return _one(ord(char))
        if self.unicode or char in _ELSEWHERE or (char == "k" and self.known):
            raise NotEcma(self.text[start : self.at])
        return _one(ord(char))

    def property(self, char: str, start: int) -> Set:
        if not self.take("{"):
            if self.unicode:
                raise NotEcma(f"\\{char}")
            return _one(ord(char))
        name = self.until("}", start)
        if name not in _PROPERTIES and not _VALUED.fullmatch(name):
            raise NotEcma(f"\\{char}{{{name}}}", "there is no such property")
        return Set(classes=(f"{char}{{{name}}}",))

    def control(self, *, inside: bool) -> Set:
        char = self.peek()
        if char.isascii() and char.isalpha():
            self.at += 1
            return _one(ord(char) % 32)
        if self.unicode:
            raise NotEcma(f"\\c{char}")
        if inside and char.isascii() and (char.isdigit() or char == "_"):
            self.at += 1
            return _one(ord(char) % 32)
        self.at -= 1  # the backslash is a character, and so is the c
        return _one(ord("\\"))

    def code(self, char: str) -> int | None:
        r"""The code point after `\x` or `\u`; None where there is none, if that may be."""
        if char == "u" and self.unicode and (match := _BRACED.match(self.text, self.at)):
            code = int(match[1], 16)
            if code <= LAST:
                self.at = match.end()
                return code
        elif match := (_FOUR if char == "u" else _TWO).match(self.text, self.at):
            self.at = match.end()
            high = int(match[0], 16)
            low = _LOW.match(self.text, self.at) if 0xD800 <= high < 0xDC00 else None
            if low is None:
                return high
            # two code units that make one character, which ours always are
            self.at = low.end()
            return 0x10000 + ((high - 0xD800) << 10) + int(low[1], 16) - 0xDC00
        if self.unicode:
            raise NotEcma(f"\\{char}{self.text[self.at : self.at + 4]}")
        return None

    def octal(self, char: str) -> Set:
        if char == "0" and not (self.peek().isascii() and self.peek().isdigit()):
            return _one(0)
        if self.unicode:
            raise NotEcma(f"\\{char}{self.peek()}")
        match = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?").match(self.text, self.at - 1)
        if match is None:
            return _one(ord(char))
        self.at = match.end()
        return _one(int(match[0], 8))

    def bracket(self) -> Set:
        start = self.at - 1
        posix = re.compile(r"[^\]]*?(\[:\^?[a-z]+:\])").match(self.text, self.at)
        if posix is not None:
            raise NotEcma(posix[1])
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        classes: list[str] = []
        while not self.take("]"):
            low = self.member(start)
            here = self.at
            if not (self.take("-") and self.peek() != "]"):
                self.at = here
                high = low
            else:
                high = self.member(start)
                if low.classes or high.classes:
                    if self.unicode:
                        raise NotEcma(self.text[start : self.at])
                    # Annex B.1.2: then the hyphen is one of the characters
                    ranges += [(45, 45), *high.ranges]
                    classes += high.classes
                    high = low
                elif high.ranges[0][0] < low.ranges[0][0]:
                    raise NotEcma(self.text[start : self.at], "the range is out of order")
            classes += low.classes
            if low.ranges:
                ranges.append((low.ranges[0][0], (high if high.ranges else low).ranges[0][1]))
        return Set(tuple(ranges), tuple(classes), negated)

    def member(self, start: int) -> Set:
        char = self.peek()
        self.at += 1
        if not char:
            raise NotEcma(self.text[start : start + 12], "it is not closed")
        if char != "\\":
            return _one(ord(char))
        if self.take("b"):
            return _one(8)
        return self.character(self.at - 1, inside=True)


_BRACED = re.compile(r"\{([0-9a-fA-F]+)\}")
_FOUR, _TWO = re.compile(r"[0-9a-fA-F]{4}"), re.compile(r"[0-9a-fA-F]{2}")
_LOW = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def _one(code: int) -> Set:
    return Set(((code, code),))
