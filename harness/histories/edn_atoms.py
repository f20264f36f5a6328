"""Atoms of EDN: the value of one token, which is a constant, number, keyword, symbol, string or character."""

import math
import re
from decimal import Decimal
from fractions import Fraction

from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.operation import Value

DISCARD = object()
"""The value of `#_`, which takes the next form away, and of `^`, which does so with metadata."""
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*)N?", re.ASCII)
_OTHER_BASE = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|([1-9]\d?)[rR]([0-9a-zA-Z]+))N?", re.ASCII)
_RATIO = re.compile(r"([+-]?\d+)/(\d+)", re.ASCII)
_FLOAT = re.compile(r"(?![+-]?0\d+\Z)[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?", re.ASCII)
_NAME = re.compile(r":?[^\s\d:#`~@^'][^\s`~@^]*|:\d[^\s`~@^]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}
_CHARACTERS = {"newline": "\n", "space": " ", "tab": "\t", "return": "\r", "backspace": "\b", "formfeed": "\f"}
_CONSTANTS = {"nil": None, "true": True, "false": False, "##Inf": math.inf, "##-Inf": -math.inf, "##NaN": math.nan}


_NO_DATA = {
    "'": "a quoted form", "@": "a dereference", "`": "a syntax quote", "~": "an unquote",
    "#<": "an object printed as #<…>",
}  # fmt: skip
"""Beginnings of what Clojure prints or reads, and EDN has not."""


class Atoms(dict[str, Value]):
    """Meanings of tokens; kept, because a history uses few different ones again and again."""

    def __missing__(self, token: str) -> Value:
        if token.isascii() and token.isdecimal() and len(token) < 20 and (token[0] != "0" or len(token) == 1):
            value: Value = int(token)  # as `_number` would, for what is new most often
        else:
            value = _atom(token)
        if len(self) < 1 << 16 and len(token) < 64:
            self[token] = value
        return value


def _atom(token: str) -> Value:
    first = token[0]
    if token in _CONSTANTS:
        return _CONSTANTS[token]
    if token.startswith(('"', '#"')):
        return _text(token[1:-1]) if first == '"' else token[2:-1]
    if first == "\\":
        return _character(token[1:])
    if token in ("#_", "^", "#^"):
        return DISCARD
    if first.isdigit() or (first in "+-." and token[1:2].isdigit()):
        return _number(token)
    if not _NAME.fullmatch(token):
        raise Unreadable(_no_edn(token))
    return token.removeprefix(":")


def _no_edn(token: str) -> str:
    """The reason that a token is none of EDN."""
    shown = token[:60]
    if token.startswith(("::", "#::")):
        return (
            f"{shown} stands for a namespace that only the program knew: it has to be written out, as :namespace/name"
        )
    if token.startswith("#:"):
        return f"{shown} is a namespace without a map behind it"
    if token == "#":
        return "# begins none of what EDN has: #{…} a set, #name a tag, #_ a form that is passed over"
    what = next((what for begin, what in _NO_DATA.items() if token.startswith(begin)), None)
    return f"not EDN: {shown!r}" + (f" begins {what}, and a history holds data alone" if what else "")


def _number(token: str) -> int | float | str:
    try:
        if _INTEGER.fullmatch(token):
            return int(token.rstrip("N"))
        if found := _OTHER_BASE.fullmatch(token):
            return _in_other_base(*found.groups())
        if found := _RATIO.fullmatch(token):
            ratio = Fraction(int(found[1]), int(found[2]))
            return ratio.numerator if ratio.denominator == 1 else str(ratio)
        if _FLOAT.fullmatch(token):
            return _real(token)
    except ZeroDivisionError:
        raise Unreadable(_no_number(token)) from None
    except ValueError:
        raise Unreadable(f"a number of {len(token)} digits" if len(token) > 60 else f"not a number: {token}") from None
    raise Unreadable(_no_number(token))


def _no_number(token: str) -> str:
    return f"not a number: {token[:60]!r} (a text stands in quotes)"


def _real(token: str) -> float | str:
    """A double; a decimal that is none (`0.1000000000000000001M`) stays text, as a ratio does, for it is not equal to
    another. Unreadable if a double is beyond all."""
    digits = token.rstrip("M")
    number = float(digits)
    if token != digits and not _is_exactly(digits, number):
        return digits
    if not math.isfinite(number):
        raise Unreadable(f"a number out of range: {token[:60]}")
    return number


def _is_exactly(digits: str, number: float) -> bool:
    """Whether the shortest digits of a double are a decimal."""
    try:
        return math.isfinite(number) and Decimal(repr(number)) == Decimal(digits)
    except ArithmeticError:  # an exponent that no Decimal has
        return False


def _in_other_base(sign: str, hexadecimal: str, octal: str, base: str, digits: str) -> int:
    """`0x1F`, `017`, `36rZZ`. ValueError if a digit does not belong to the base."""
    number = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(digits, int(base))
    return -number if sign == "-" else number


def _character(name: str) -> str:
    if len(name) == 1 and not name.isspace():
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if re.fullmatch(r"u[0-9a-fA-F]{4}", name):
        return _sound(chr(int(name[1:], 16)))
    raise Unreadable(f"not a character: {name[:60]!r}")


def _text(inner: str) -> str:
    return _sound(_ESCAPE.sub(_unescaped, inner)) if "\\" in inner else inner


def _unescaped(match: re.Match[str]) -> str:
    what = match.group(1)
    if what in _ESCAPED:
        return _ESCAPED[what]
    if what[0] == "u" and len(what) == 5:
        return chr(int(what[1:], 16))
    if what[0] in "01234567":
        return chr(int(what, 8))
    raise Unreadable(f"no such escape in a string: \\{what}")


def _sound(text: str) -> str:
    """A text in which two escapes may make one character, as in JSON; a half of such a pair is not text."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise Unreadable("half of a surrogate pair is not text") from None
