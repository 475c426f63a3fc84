"""Puts a formula's tokens in order before they are parsed: rows and columns of alignments, bars that open or close.

One pass with a stack; after it an alignment holds only its row breaks, every bar says which way it faces, and every
brace knows its partner.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.notation.errors import MalformedNotation
from derive.notation.lexer import Token

ALIGNMENTS = frozenset(
    {
        "aligned", "align", "align*", "alignat", "alignat*", "alignedat", "gather", "gather*", "gathered", "split", "multline",
        "multline*", "eqnarray", "eqnarray*", "equation", "equation*", "flalign", "flalign*", "displaymath", "math",
    }
)  # fmt: skip
GRIDS = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array", "subarray"})
CASES = frozenset({"cases", "dcases", "rcases", "cases*", "dcases*"})

OPERATORS = frozenset({"sum", "product"})
_OPENERS = frozenset({"group", "open", "left", "begin"})
_CLOSERS = frozenset({"endgroup", "close", "right", "finish"})
_FRAME_ENDS = frozenset({"comma", "quad", "row", "amp", "prose", "relation"})
_BEFORE_OPERAND = frozenset(
    {"sum", "product", "relation", "comma", "quad", "row", "amp", "prose", "function", "operatorname", "arg", "big",
     "colon", "over", "sub", "sup"}
) | _OPENERS  # fmt: skip


@dataclass
class _Row:
    """The row of an alignment that is being read."""

    environment: str
    marks: int = 0
    start: int = 0  # index of the row's first token in the output


@dataclass
class _Frame:
    bars: dict[str, list[int]] = field(default_factory=dict)


def arrange(tokens: list[Token]) -> list[Token]:
    """The same formula with marks of alignment resolved and bars turned into fences."""
    return _turn_bars(_join_rows(tokens))


def partners(tokens: list[Token]) -> dict[int, int]:
    """For each opening brace's index that of its closing brace."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "group":
            stack.append(index)
        elif token.kind == "endgroup":
            if not stack:
                raise MalformedNotation("a closing brace too many", token.start)
            found[stack.pop()] = index
    if stack:
        raise MalformedNotation("a brace is not closed", tokens[stack[-1]].start)
    return found


def _join_rows(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    stack: list[_Row | None] = []
    joined = -2
    for index, token in enumerate(tokens):
        here = stack[-1] if stack else None
        if token.kind == "begin":
            stack.append(_Row(token.text, start=len(out) + 1) if token.text in ALIGNMENTS else None)
        elif token.kind in ("finish", "endgroup", "right") and stack:
            stack.pop()
        elif token.kind in ("group", "left"):
            stack.append(None)
        elif here is not None and token.kind == "row":
            here.marks = 0
            if index - 1 == joined or (len(out) > here.start and _goes_on(tokens, index, out[-1])):
                joined = index  # the empty rows that follow are joined with it
                continue
            here.start = len(out) + 1
        elif here is not None and token.kind == "amp":
            here.marks += 1
            splits = here.marks % 2 == 0 and not here.environment.startswith("eqnarray")
            near = ("relation", "sum", "product", "row", "begin", "amp", "finish")
            if splits and out[-1].kind not in near and tokens[index + 1].kind not in ("relation", "row", "finish"):
                out.append(Token("quad", r"\quad", token.start, token.end))
            continue
        out.append(token)
    return out


def _goes_on(tokens: list[Token], index: int, last: Token) -> bool:
    """Whether the row after the break at `index` continues the one before it."""
    if last.kind in OPERATORS or last.kind == "relation":
        return True
    at, marked = index + 1, False
    while tokens[at].kind in ("amp", "quad", "row"):
        marked = marked or tokens[at].kind == "amp"
        at += 1
    if tokens[at].kind not in OPERATORS or tokens[at].text == "*":
        return False
    if marked:
        return True
    depth = 0
    # An unmarked row with a relation of its own is a statement that opens with a sign.
    for place in range(at, len(tokens)):
        token = tokens[place]
        if token.kind in _OPENERS:
            depth += 1
        elif token.kind in _CLOSERS:
            depth -= 1
            if depth < 0:
                return True
        elif depth == 0 and token.kind == "row":
            return True
        elif depth == 0 and token.kind == "relation":
            return False
    return True


def _turn_bars(tokens: list[Token]) -> list[Token]:
    stack = [_Frame()]
    frames: list[_Frame] = []
    for index, token in enumerate(tokens):
        if token.kind in _OPENERS:
            stack.append(_Frame())
        elif token.kind in _CLOSERS or token.kind in _FRAME_ENDS or token.kind == "end":
            frames.append(stack.pop())
            if not stack or token.kind not in _CLOSERS:
                stack.append(_Frame())
        elif token.kind == "bar":
            stack[-1].bars.setdefault(token.text, []).append(index)
    for frame in frames + stack:
        for bars in frame.bars.values():
            _face(tokens, _doubled(tokens, bars))
    return [token for token in tokens if token.kind != "spent"]


def _doubled(tokens: list[Token], bars: list[int]) -> list[int]:
    r"""The bars with `\|\|` taken for one `\|`, in `p \|\| q` and around a norm, but not in `\|x\| \|y\|`."""
    if len(bars) not in (2, 4) or tokens[bars[0]].text != r"\|":
        return bars
    if any(second != first + 1 for first, second in zip(bars[::2], bars[1::2], strict=True)):
        return bars
    for index in bars[1::2]:
        tokens[index].kind = "spent"
    return bars[::2]


def _face(tokens: list[Token], bars: list[int]) -> None:
    opened = False
    for position, index in enumerate(bars):
        token, left = tokens[index], len(bars) - position
        operand_before = index > 0 and tokens[index - 1].kind not in _BEFORE_OPERAND
        if opened:
            token.kind, opened = "close", False
        elif left >= 2 and (left % 2 == 0 or not operand_before):
            token.kind, opened = "open", True
        elif operand_before:
            token.kind, token.text = "relation", r"\mid" if token.text == "|" else r"\parallel"
        else:
            raise MalformedNotation("a bar without its partner", token.start)
