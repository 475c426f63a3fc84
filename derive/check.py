r"""A document to its verdicts: the whole way of the data in one function.

>>> report = check_documents([read_text("$$y = a x$$\n\n$$\\frac{\\partial y}{\\partial x} = a$$")])
>>> [formula.verdict.value for formula in report.documents[0].formulas]
['defined', 'proved']
"""

from __future__ import annotations

import gc
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from derive.meaning.draft import Placed
from derive.meaning.statements import Statement, statements, supposed
from derive.notation.errors import NotationError
from derive.notation.latex import write_latex
from derive.notation.parser import parse
from derive.notation.tree import Node
from derive.proof.page import judge_page
from derive.readers import read
from derive.readers.document import Document, Formula
from derive.readers.markdown import read_markdown
from derive.theory import Theory
from derive.verdicts import DocumentVerdicts, FormulaVerdict, Report, StatementVerdict, Verdict, worst

Progress = Callable[[int, int], None]


def read_text(text: str) -> Document:
    """A document from Markdown text."""
    return read_markdown(text, "text.md")


def check(path: str | Path) -> Report:
    """Check one document. `derive.check(path)` is the same: this module can be called.

    Raises:
        UnreadableDocument: there is no such file, or it is no text.
    """
    return check_documents([read(str(path))])


def check_documents(documents: Sequence[Document], progress: Progress | None = None, jobs: int = 1) -> Report:
    """Check documents, each on its own; with several `jobs`, in as many processes."""
    done = []
    for verdicts in _all_verdicts(documents, min(jobs, len(documents))):
        done.append(verdicts)
        if progress is not None:
            progress(len(done), len(documents))
    return Report(tuple(done))


def _all_verdicts(documents: Sequence[Document], jobs: int) -> Iterator[DocumentVerdicts]:
    """In the order of the documents."""
    if jobs < 2:
        yield from map(_verdicts, documents)
        return
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(jobs, initializer=_end_at_once)
    try:
        with _interrupts_wait():
            # the longest first, so that none is begun when the others are done
            longest = sorted(documents, key=lambda document: -len(document.formulas))
            started = {id(document): pool.submit(_verdicts, document) for document in longest}
        for document in documents:
            yield started[id(document)].result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C and broken pipes back while threads and processes start: they begin with what is held back here.

    The threads keep it so: on Ctrl-C they may write into the pipe of a process that is gone, and that must not end this
    process before it has said why it ends.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows, which has no such pipes
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGPIPE))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_at_once() -> None:
    """Let Ctrl-C end a further process without a word: what is said about it is said by the first one."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGPIPE))


def theory_of(document: Document) -> Theory:
    """The theory that a document states."""
    trees, _ = _trees(document)
    return judge_page(_placed(document, trees), document.title, suggest=False).understanding.theory


def _trees(document: Document) -> tuple[dict[int, Node], dict[int, NotationError]]:
    trees: dict[int, Node] = {}
    errors: dict[int, NotationError] = {}
    for number, formula in enumerate(document.formulas):
        try:
            trees[number] = parse(formula.latex)
        except NotationError as error:
            errors[number] = error
    return trees, errors


def _placed(document: Document, trees: dict[int, Node]) -> list[Placed]:
    placed = []
    headings = [section.place.line for section in document.sections]
    for number, tree in trees.items():
        formula = document.formulas[number]
        only_supposed = supposed(formula.before, formula.display)
        line = formula.place.line
        section = headings[bisect_right(headings, line) - 1] if headings and headings[0] <= line else 0
        placed += [
            Placed(statement, number, line, only_supposed, section, formula.display, formula.before, formula.after)
            for statement in statements(tree)
        ]
    return placed


@contextmanager
def _few_circles() -> Iterator[None]:
    """Look for garbage in circles less often: terms are many and hold none, and looking at them all takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _COLLECTED) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_COLLECTED = 200_000
"""So many more objects made than freed, and Python looks for circles."""


def _verdicts(document: Document) -> DocumentVerdicts:
    with _few_circles():
        return _verdicts_on(document)


def _verdicts_on(document: Document) -> DocumentVerdicts:
    # document -> formulas -> syntax -> statements -> theory -> verdicts
    trees, errors = _trees(document)
    placed = _placed(document, trees)
    judged = judge_page(placed, document.title)
    parts: dict[int, list[StatementVerdict]] = {number: [] for number in trees}
    for each, verdict in zip(placed, judged.verdicts, strict=True):
        parts[each.formula].append(replace(verdict, latex=_latex(each.statement)))
    formulas = []
    for number, formula in enumerate(document.formulas):
        if number in errors:
            formulas.append(_unread(formula, errors[number]))
        else:
            formulas.append(_formula(formula, parts[number]))
    return DocumentVerdicts(document.path, tuple(formulas), judged.notes)


def _latex(statement: Statement) -> str:
    left = write_latex(statement.left)
    return left if statement.right is None else f"{left} {statement.relation} {write_latex(statement.right)}"


def _unread(formula: Formula, error: NotationError) -> FormulaVerdict:
    return FormulaVerdict(
        formula.place.line, formula.place.column, formula.end.line, formula.display, formula.latex, Verdict.UNREAD,
        reason=error.message, cell=formula.place.cell, error_column=error.column,
    )  # fmt: skip


def _formula(formula: Formula, parts: list[StatementVerdict]) -> FormulaVerdict:
    verdict = worst([part.verdict for part in parts])
    telling = next((part for part in parts if part.verdict is verdict), None)
    if telling is None:
        telling = StatementVerdict("expression", formula.latex, verdict)
    assumptions = tuple(dict.fromkeys(a for part in parts for a in part.assumptions))
    return FormulaVerdict(
        formula.place.line, formula.place.column, formula.end.line, formula.display, formula.latex, verdict,
        telling.scope, telling.reading, assumptions, telling.reason, telling.counterexample, telling.suggestions,
        tuple(parts), formula.place.cell, None, telling.warning,
    )  # fmt: skip


class _Called(ModuleType):
    """The module as a function, so that `derive.check` is one thing whichever way it was imported first."""

    def __call__(self, path: str | Path) -> Report:
        return check(path)


sys.modules[__name__].__class__ = _Called
