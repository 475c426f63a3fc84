"""Words in formulas: which are names of functions, which are names, and which are prose."""

from __future__ import annotations

import re

FUNCTIONS = frozenset(
    {
        "log", "ln", "lg", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "arcsin",
        "arccos", "arctan", "det", "max", "min", "sup", "inf", "lim", "dim", "ker", "deg", "gcd", "Pr", "hom",
    }
)  # fmt: skip
"""Functions with a command of their own."""

_PROSE = frozenset(
    {
        "and", "or", "if", "where", "for", "with", "otherwise", "else", "when", "then", "as", "so", "hence", "thus", "since",
        "because", "but", "while", "such", "subject", "s.t.", "i.e.", "e.g.", "is", "are", "let", "given", "therefore",
        "otherwise,", "at", "by", "from", "using", "via", "which", "that", "iff", "unless", "respectively", "etc.",
    }
)  # fmt: skip
_OPERAND_BEFORE = frozenset({"relation", "sum", "product", "sub", "sup", "group", "frac"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*")
_SPACES = r"(?:\s|~|\\[,! ;:>]|\\q?quad(?![A-Za-z]))*"
_GOES_ON = re.compile(
    _SPACES + r"(?:[=<>+*/^_]|-|\(|\\left|\\(?:in|leq?|geq?|neq?|to|cdot|times|odot|approx|equiv|propto)\b)"
)
_WIDE_OR_END = re.compile(r"\s*(?:(?:\\,\s*)*(?:\\[ ;:>]|\\q?quad(?![A-Za-z])|~|\\\\|&|\\end\b)|$)")


def is_name(text: str) -> bool:
    """Whether the text can be the name of a function or a quantity.

    >>> is_name("softmax"), is_name("x + y")
    (True, False)
    """
    return _NAME.fullmatch(text) is not None


def is_prose(text: str, wide_before: bool, kind_before: str, source: str, at: int) -> bool:
    r"""Whether `\text{...}`, which ends at `at`, is said about the formula rather than a name within it.

    >>> is_prose("loss", False, "relation", r"L = \text{loss}", 15), is_prose(" if ", False, "letter", "", 0)
    (False, True)
    """
    bare = text.strip()
    first = bare.split()[0].lower().strip(",.;:()")
    if first in _PROSE:
        return True
    if not is_name(bare):
        return True
    if kind_before in _OPERAND_BEFORE or (_GOES_ON.match(source, at) and not text.endswith(" ")):
        return False
    if text != bare or " " in bare:
        return True
    return bool(
        len(bare) > 1
        and _WIDE_OR_END.match(source, at)
        and (wide_before or re.match(r"\s*[^\s$]", source[at : at + 40]))
    )
