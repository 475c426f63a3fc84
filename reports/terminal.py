"""A check's result for a person at a terminal: the source, a caret at the place, the verdict, the reason.

Rich is imported inside the functions: other formats do without it, and a check in a hurry must not wait for it.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from derive.readers.document import Document
from derive.verdicts import Counterexample, DocumentVerdicts, FormulaVerdict, Report, Verdict
from reports.places import UNDECIDED, Spot, count, coverage, line_text, spot, summary_line, unjudged

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLE = {
    Verdict.REFUTED: "bold red",
    Verdict.UNREAD: "bold magenta",
    Verdict.UNKNOWN: "bold yellow",
    Verdict.PROVED: "bold green",
    Verdict.DEFINED: "cyan",
    Verdict.DECLARED: "cyan",
    Verdict.ASSUMED: "cyan",
    Verdict.EXPRESSION: "cyan",
}
_SHOWN_LINES = 12
"""A longer formula is shown around the place that is meant."""
_INPUTS_A_LINE = 4
_LOG_WIDTH = 120
_MOST_REASONS = 8
"""Where the output is a file or a log, which has no width of its own."""


def make_console(color: bool | None = None, file: TextIO | None = None) -> Console:
    """A console on `file` (standard output): in colour, without, or (None) as `NO_COLOR` and the terminal say."""
    from rich.console import Console

    stream = sys.stdout if file is None else file
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")  # a Greek letter must not end the program on an ASCII terminal
    if color is None and os.environ.get("NO_COLOR"):
        color = False
    return Console(
        file=stream,
        force_terminal=True if color else None,
        no_color=color is False,
        color_system=None if color is False else "auto",
        width=None if color or stream.isatty() else _LOG_WIDTH,
        highlight=False,
        emoji=False,
        markup=False,
    )


def print_report(
    report: Report,
    documents: Iterable[Document] = (),
    console: Console | None = None,
    *,
    verbose: bool = False,
    statistics: bool = False,
) -> None:
    """Print what was refuted, not read or not decided, with its source, and a summary that counts every verdict.

    `documents` are the documents as read, for their source lines; one that is missing is reported without.
    `verbose` adds a line for each other formula, `statistics` the share of displayed formulas with a definite verdict, and the
    commonest reasons why others have none.
    """
    console = make_console() if console is None else console
    sources = {document.path: document for document in documents}
    for verdicts in report.documents:
        _print_document(console, verdicts, sources.get(verdicts.path), verbose)
    _say(console, summary_line(report), style="bold")
    if statistics:
        _print_statistics(console, report)


def _print_document(console: Console, verdicts: DocumentVerdicts, document: Document | None, verbose: bool) -> None:
    for formula in verdicts.formulas:
        if formula.verdict is Verdict.REFUTED or formula.verdict in UNDECIDED or formula.warning:
            _print_fault(console, verdicts.path, formula, document)
        elif verbose:
            _print_compact(console, verdicts.path, formula)
    if verbose:
        for note in verdicts.notes:
            _say(console, f"{verdicts.path}: {note}", style="dim")


def _heading(path: str, formula: FormulaVerdict, place: Spot) -> Text:
    from rich.text import Text

    where = f"{path}:{place.line}:{place.column}"
    if formula.cell is not None:
        where += f" (cell {formula.cell})"
    return Text.assemble((clean(where), "bold"), ": ", (formula.verdict.value, _STYLE[formula.verdict]))


def _print_fault(console: Console, path: str, formula: FormulaVerdict, document: Document | None) -> None:
    from rich.text import Text

    place = spot(document, formula)
    heading = _heading(path, formula, place)
    if formula.reason:
        heading.append(": " + clean(formula.reason))
    console.print(heading, soft_wrap=True)
    if document is not None:
        _print_source(console, document, formula, place)
    else:
        _detail(console, "formula", formula.latex)
    shapes = next((statement.shapes for statement in formula.statements if statement.shapes), "")
    for label, text in (
        ("shapes", shapes),
        ("reading", formula.reading),
        ("assuming", "; ".join(formula.assumptions)),
        ("warning", formula.warning),
    ):
        _detail(console, label, text)
    if formula.counterexample is not None:
        _print_counterexample(console, formula.counterexample)
    for position, suggestion in enumerate(formula.suggestions):
        _detail(console, "or" if position else "true is", suggestion, style="green")
    console.print(Text(""))


def _print_source(console: Console, document: Document, formula: FormulaVerdict, place: Spot) -> None:
    """The formula's lines and a caret under the place; of a long formula, the lines around it."""
    from rich.cells import cell_len
    from rich.text import Text

    first, last = formula.line, max(formula.end_line, place.line)
    if last - first >= _SHOWN_LINES:
        first = max(first, place.line - _SHOWN_LINES // 2)
        last = min(last, first + _SHOWN_LINES - 1)
    margin = len(str(last))
    room = max(40, console.width - margin - 6)
    for line in range(first, last + 1):
        here = line == place.line
        text, start, length = _window(
            line_text(document, line), place.column - 1 if here else 0, place.length if here else 0, room
        )
        console.print(Text.assemble((f"  {line:>{margin}} | ", "blue"), text), soft_wrap=True)
        if here:
            blank = " " * cell_len(text[:start])
            mark = "^" + "~" * max(0, cell_len(text[start : start + length]) - 1)
            console.print(
                Text.assemble((f"  {'':>{margin}} | ", "blue"), blank, (mark, _STYLE[formula.verdict])), soft_wrap=True
            )


def _window(line: str, start: int, length: int, room: int) -> tuple[str, int, int]:
    """A line cut to the room there is, with the marked part in it; returns it with the mark's new place."""
    expanded = clean(line[:start].expandtabs(4))
    marked = clean(line[start : start + length].expandtabs(4))
    rest = clean(line[start + length :].expandtabs(4))
    text, start, length = expanded + marked + rest, len(expanded), len(marked)
    if len(text) <= room:
        return text, start, length
    left = max(0, min(start - room // 4, len(text) - room))
    head, tail = "..." if left else "", "..." if left + room < len(text) else ""
    cut = head + text[left + len(head) : left + room - len(tail)] + tail
    start -= left
    return cut, start, min(length, len(cut) - len(tail) - start)


def _print_counterexample(console: Console, counterexample: Counterexample) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, safe_box=True)
    inputs = list(counterexample.inputs.items())
    columns = min(_INPUTS_A_LINE, max(1, len(inputs)))
    for _ in range(columns):
        table.add_column("at", no_wrap=False, overflow="fold")
        table.add_column("", justify="right", overflow="fold")
    rows = -(-len(inputs) // columns)
    for row in range(rows):
        cells = inputs[row::rows]
        flat = [Text(clean(part)) for name, value in cells for part in (name, value)]
        table.add_row(*flat)
    entry = f" (entry {counterexample.entry})" if counterexample.entry else ""
    _detail(console, "because", f"the two sides differ{entry} at")
    table.show_header = False
    if inputs:
        console.print(Padding(table, (0, 0, 0, 12)))
    _detail(console, "left", counterexample.left)
    _detail(console, "right", counterexample.right)


def _print_compact(console: Console, path: str, formula: FormulaVerdict) -> None:
    text = _heading(path, formula, Spot(formula.line, formula.column))
    text.append("  " + clean(_one_line(formula.latex, 90)))
    extras = [formula.scope, formula.reading, *formula.assumptions]
    if any(extras):
        text.append(clean("  (" + "; ".join(extra for extra in extras if extra) + ")"), style="dim")
    console.print(text, soft_wrap=True)


def _one_line(latex: str, room: int) -> str:
    folded = " ".join(latex.split())
    return folded if len(folded) <= room else folded[: room - 3] + "..."


def _print_statistics(console: Console, report: Report) -> None:
    for verdicts in report.documents:
        found = coverage(verdicts.formulas)
        if not found.displayed:
            _say(console, f"{verdicts.path}: no displayed formulas")
            continue
        _say(
            console,
            f"{verdicts.path}: {found.definite} of {count(found.displayed, 'displayed formula')} "
            f"with a definite verdict ({found.share:.0%})",
        )
    formulas = [formula for verdicts in report.documents for formula in verdicts.formulas]
    found = coverage(formulas)
    if not found.displayed:
        return
    if len(report.documents) > 1:
        _say(
            console,
            f"together: {found.definite} of {count(found.displayed, 'displayed formula')} "
            f"with a definite verdict ({found.share:.0%})",
            style="bold",
        )
    counts = Counter(formula.verdict.value for formula in formulas if formula.display)
    _say(console, "displayed: " + ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common()))
    for reason, number in unjudged(formulas).most_common(_MOST_REASONS):
        _say(console, f"{number:5}  {reason}", style="dim")


def _detail(console: Console, label: str, text: str, style: str = "") -> None:
    from rich.text import Text

    if text:
        console.print(Text.assemble((f"  {label:>8}  ", "dim"), (clean(text), style)), soft_wrap=True)


def _say(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(clean(text), style=style), soft_wrap=True)


def clean(text: str) -> str:
    r"""Text without characters that command a terminal or turn the reading direction; a document could hold any.

    >>> clean("a\x1b[31mb\u202ec")
    'a?[31mb?c'
    """
    return "".join(character if _harmless(character) else "?" for character in text)


def _harmless(character: str) -> bool:
    if character in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        return False
    return character.isprintable() or character == " "
