r"""The macros that a LaTeX document defines, and their expansion: bounded, since a document may be hostile.

Known are `\newcommand` and its kin with up to nine arguments and one default, `\def` with plain arguments, and
`\DeclareMathOperator`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_STEPS = 1_000
MOST_CHARACTERS = 50_000
LONGEST_ARGUMENT = 5_000
_MOST_UNCLOSED = 100

_DEFINITION = re.compile(
    r"\\(?P<command>(?:re|provide)?newcommand|DeclareMathOperator|def|DeclareRobustCommand)"
    r"(?P<star>\*?)\s{0,9}(?P<brace>\{)?\s{0,9}(?P<name>\\(?:[A-Za-z@]+|[^A-Za-z\s]))\s{0,9}(?(brace)\}|)"
    r"(?P<signature>(?:\#\d){0,9})(?:\[(?P<count>\d)\])?(?:\[(?P<default>[^\[\]\n]{0,200})\])?"
    r"\s{0,9}(?=\{)"
)
_BRACE = re.compile(r"\\[\s\S]|[{}]")
_CONTROL = re.compile(r"\\(?:[A-Za-z@]+|[^A-Za-z])")


class EndlessMacro(Exception):
    """A macro whose expansion does not come to an end within the bounds."""


@dataclass(frozen=True)
class Macro:
    """What a control sequence stands for: `#1` to `#9` in `body` are its arguments, the first may have a `default`."""

    body: str
    arguments: int = 0
    default: str | None = None


def argument(text: str, position: int) -> tuple[str | None, int]:
    r"""The braced group (or single token) at `position` and the offset behind it; None where there is none.

    >>> argument(r"\R{a{b}}c", 2)
    ('a{b}', 8)
    """
    while position < len(text) and text[position].isspace():
        position += 1
    if position >= len(text) or text[position] == "}":
        return None, position
    if text[position] != "{":
        token = _CONTROL.match(text, position)
        end = token.end() if token else position + 1
        return text[position:end], end
    depth = 0
    for found in _BRACE.finditer(text, position, position + LONGEST_ARGUMENT):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0 and found[0] == "}":
            return text[position + 1 : found.start()], found.end()
    return None, position


def definitions(text: str) -> tuple[dict[str, Macro], str]:
    r"""The macros that a text defines, and the text with the definitions blanked (offsets kept)."""
    macros: dict[str, Macro] = {}
    pieces: list[str] = []
    position = 0
    unclosed = 0
    while unclosed < _MOST_UNCLOSED and (found := _DEFINITION.search(text, position)):
        body, end = argument(text, found.end())
        if body is None:
            unclosed += 1
            pieces.append(text[position : found.end()])
            position = found.end()
            continue
        pieces += [text[position : found.start()], re.sub(r"[^\n]", " ", text[found.start() : end])]
        position = end
        if found["command"] == "DeclareMathOperator":
            macros[found["name"]] = Macro(f"\\operatorname{found['star']}{{{body}}}")
        else:
            count = int(found["count"] or 0) or len(found["signature"]) // 2
            macros[found["name"]] = Macro(body, count, found["default"])
    return macros, "".join([*pieces, text[position:]])


def expand(latex: str, macros: dict[str, Macro]) -> str:
    r"""Replace macros until none is left. Raises EndlessMacro for an expansion without end or measure.

    >>> expand(r"\R^{\norm{x}}", {r"\R": Macro(r"\mathbb{R}"), r"\norm": Macro(r"\|#1\|", 1)})
    '\\mathbb{R}^{\\|x\\|}'
    """
    text, position = latex, 0
    if len(latex) > MOST_CHARACTERS:
        return latex
    for _ in range(MOST_STEPS):
        found = next((m for m in _CONTROL.finditer(text, position) if m[0] in macros), None)
        if found is None:
            return text
        macro = macros[found[0]]
        values, end = _values(text, found.end(), macro)
        if values is None:  # left to the reader of formulas, who says where
            position = found.end()
            continue
        body = _filled(macro.body, values)
        rest = text[end:]
        gap = " " if re.search(r"\\[A-Za-z]+\Z", body) and rest[:1].isalpha() else ""
        position = found.start()
        text = text[:position] + body + gap + rest
        if len(text) > MOST_CHARACTERS:
            break
    raise EndlessMacro(latex[:80])


def _filled(body: str, values: list[str]) -> str:
    return re.sub(r"#([1-9])", lambda m: values[int(m[1]) - 1] if int(m[1]) <= len(values) else m[0], body)


def _values(text: str, end: int, macro: Macro) -> tuple[list[str], int] | tuple[None, int]:
    """The arguments behind a macro's name, and the offset behind them."""
    values: list[str] = []
    if macro.default is not None:
        optional = re.compile(r"\s{0,9}\[([^\[\]]{0,2000})\]").match(text, end)
        values.append(optional[1] if optional else macro.default)
        end = optional.end() if optional else end
    while len(values) < macro.arguments:
        value, end = argument(text, end)
        if value is None:
            return None, end
        values.append(value)
    return values, end
