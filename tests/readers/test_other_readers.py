"""LaTeX, notebooks and reStructuredText."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.readers import read
from derive.readers.document import Document, UnreadableDocument
from derive.readers.latex import read_latex
from derive.readers.macros import MOST_CHARACTERS, EndlessMacro, Macro, definitions, expand
from derive.readers.markdown import read_markdown
from derive.readers.notebook import read_notebook
from derive.readers.restructured import read_restructured


def rows(document: Document) -> list[tuple[object, ...]]:
    return [(f.place.line, f.place.column, "display" if f.display else "inline", f.latex) for f in document.formulas]


LATEX = r"""\documentclass{article}
\title{My notes}
\newcommand{\R}{\mathbb{R}} % comment $x$
\newcommand{\pd}[2][L]{\frac{\partial #1}{\partial #2}}
\def\vec#1{\mathbf{#1}}
\DeclareMathOperator*{\argmin}{arg\,min}
\begin{document}
\section{One $a$}
If $x \in \R^n$ costs \$5 and \verb|$no$|,
\begin{align} % c
  \pd{W} &= \pd[J]{\vec{w}}
  % whole $line$
\end{align}
\[ a
\]
then \(b\) $$c$$ `tick' $d$.

Unclosed $e
more

\begin{verbatim}
$no$
\end{verbatim}
\\[2pt] $z$ \begin{lstlisting} $f$
\end{document}
$after$
"""


def test_latex() -> None:
    document = read_latex(LATEX, "a.tex")
    blank = " " * 16
    fractions = r"  \frac{\partial L}{\partial W} &= \frac{\partial J}{\partial \mathbf{w}}"
    align = "\\begin{align}    \n" + fractions + "\n" + blank
    assert rows(document) == [
        (8, 14, "inline", "a"),
        (9, 4, "inline", r"x \in \mathbb{R}^n"),
        (10, 1, "display", align + "\n\\end{align}"),
        (14, 1, "display", " a\n"),
        (16, 6, "inline", "b"),
        (16, 12, "display", "c"),
        (16, 25, "inline", "d"),
        (18, 10, "inline", "e\nmore"),
        (24, 9, "inline", "z"),
        (24, 32, "inline", "f"),
    ]
    assert document.title == "My notes"
    assert [(s.title, s.level, s.place.line) for s in document.sections] == [("One $a$", 1, 8)]
    assert [(c.text, c.place.line) for c in document.code] == [("$no$\n", 21)]
    assert document.formulas[1].before == "If"
    assert document.lines[8].startswith("If $x")


def test_latex_without_a_preamble() -> None:
    assert rows(read_latex("$a$ 50\\% % $b$\n\n$c$")) == [(1, 1, "inline", "a"), (3, 1, "inline", "c")]


@pytest.mark.parametrize(
    ("definition", "latex", "expanded"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", r"x \in \R", r"x \in \mathbb{R}"),
        (r"\newcommand*\R{\mathbb{R}}", r"\R^n", r"\mathbb{R}^n"),
        (r"\renewcommand{\d}[2]{\frac{d #1}{d #2}}", r"\d{L}{z} \d L z", r"\frac{d L}{d z} \frac{d L}{d z}"),
        (
            r"\newcommand{\pd}[2][L]{\partial #1/\partial #2}",
            r"\pd{x} + \pd[J]{y}",
            r"\partial L/\partial x + \partial J/\partial y",
        ),
        (r"\def\bx{\mathbf{x}}", r"\bx\bxx", r"\mathbf{x}\bxx"),
        (r"\def\n#1{\|#1\|}", r"\n{a{b}}", r"\|a{b}\|"),
        (r"\DeclareMathOperator{\tr}{tr}", r"\tr(A)", r"\operatorname{tr}(A)"),
        (r"\newcommand{\s}{\sigma}", r"\s x", r"\sigma x"),
        (r"\newcommand{\s}{\sigma}", r"\s{}x", r"\sigma{}x"),
        (r"\newcommand{\a}{\b}\newcommand{\b}{c}", r"\a", "c"),
        (r"\newcommand{\a}[1]{#1#1}", r"\a", r"\a"),
        (r"\newcommand{\a}{unclosed", r"\a", r"\a"),
    ],
)
def test_macros(definition: str, latex: str, expanded: str) -> None:
    macros, rest = definitions(definition)
    assert expand(latex, macros) == expanded
    assert len(rest) == len(definition)


def test_macros_defined_in_a_formula_of_markdown() -> None:
    document = read_markdown("$$\\newcommand{\\R}{\\mathbb{R}}$$\n\nLet $x \\in \\R$.")
    assert rows(document) == [(3, 5, "inline", r"x \in \mathbb{R}")]


def test_hostile_macros() -> None:
    with pytest.raises(EndlessMacro):
        expand(r"\a", {r"\a": Macro(r"\a\a")})
    with pytest.raises(EndlessMacro):
        expand(r"\a0", {f"\\{chr(97 + n)}": Macro(f"\\{chr(98 + n)}" * 9) for n in range(20)})
    assert expand("x" * MOST_CHARACTERS + r"\a", {r"\a": Macro("b")}).endswith(r"\a")
    started = time.process_time()
    document = read_latex(r"\def\a{\a\a}" + "\n\n" + "$\\a b$\n\n" * 5000)
    assert {formula.latex for formula in document.formulas} == {r"\a b"}
    assert time.process_time() - started < 5


def test_notebook() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# T $t$\n", "- a $x$\n", "\n", "```math\nm\n```"]},
        {"cell_type": "code", "source": "x = '$1$'", "outputs": [{"text": "$no$"}]},
        {"cell_type": "raw", "source": "$no$"},
        {"cell_type": "markdown", "source": "$$\ny\n$$"},
    ]
    document = read_notebook(json.dumps({"cells": cells, "metadata": {"language_info": {"name": "R"}}}), "n.ipynb")
    found = [
        (f.latex, f.place.cell, f.place.line, f.place.column, f.end.cell, f.latex_place.cell) for f in document.formulas
    ]
    assert found == [("t", 1, 1, 5, 1, 1), ("x", 1, 2, 5, 1, 1), ("m", 1, 4, 1, 1, 1), ("\ny\n", 4, 1, 1, 4, 4)]
    assert [(c.text, c.language, c.place.cell) for c in document.code] == [("x = '$1$'", "R", 2)]
    assert document.title == "T $t$"
    assert document.sections[0].place.cell == 1


def test_notebooks_of_format_3() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "markdown", "source": "$x$"}, {"cell_type": "code", "input": "1"}]}]}
    document = read_notebook(json.dumps(old))
    assert (document.formulas[0].latex, document.code[0].text) == ("x", "1")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', '{"cells": [{"source": 1}]}', "[" * 100_000]
)
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"n\.ipynb: (not a notebook|cell 1)"):
        read_notebook(text, "n.ipynb")


RESTRUCTURED = """\
Title
=====

Part
----

.. math::
   :label: one

   a
   + b

   c

- Text :math:`x_1` and ``:math:`no```, also
  `y`:math: here.

  .. math:: d = e

.. code-block:: python

   print("$x$")  # :math:`no`

.. a comment with :math:`no`
   more

Example::

   :math:`no`

After :math:`f
+ g`.
"""


def test_restructured() -> None:
    document = read_restructured(RESTRUCTURED)
    assert rows(document) == [
        (7, 1, "display", "a\n+ b"),
        (13, 4, "display", "c"),
        (15, 8, "inline", "x_1"),
        (16, 3, "inline", "y"),
        (18, 3, "display", "d = e"),
        (31, 7, "inline", "f\n+ g"),
    ]
    assert document.formulas[0].latex_place.line == 10
    assert document.formulas[-1].before == "After"
    assert [(s.title, s.level, s.place.line) for s in document.sections] == [("Title", 1, 1), ("Part", 2, 4)]
    assert document.title == "Title"
    assert [(c.text, c.language, c.place.line) for c in document.code] == [
        ('print("$x$")  # :math:`no`\n', "python", 20),
        (":math:`no`\n", "", 27),
    ]
    assert ":math:`no`" not in document.prose


def test_published_restructured_pages(shared: Path) -> None:
    pages = sorted((shared / "wild").glob("*.rst"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        document = read(page)
        assert sum(not formula.display for formula in document.formulas) == text.count(":math:`")
        assert sum(formula.display for formula in document.formulas) == text.count(".. math::")
        for formula in document.formulas:
            wrapped = formula.latex.startswith("\\begin{split}\n")
            line = document.lines[formula.latex_place.line - 1 + wrapped]
            assert line[formula.latex_place.column - 1 :].startswith(formula.latex.split("\n")[wrapped])


def test_rows_of_restructured_text_are_a_split() -> None:
    (formula,) = read_restructured("a\n\n.. math::\n\n   a &= b \\\\\n     &= c\n").formulas
    assert formula.latex == "\\begin{split}\na &= b \\\\\n  &= c\n\\end{split}"
    assert (formula.latex_place.line, formula.place.line) == (4, 3)


def test_marks_that_number_an_equation_are_no_prose() -> None:
    document = read_markdown("So\n$$a$$\n:eqlabel:`eq_a`\nwhere\n\n$$b$$ {#eq-b}\n")
    assert [(f.before, f.after) for f in document.formulas] == [("So", "where"), ("", "")]


PIECES = st.sampled_from(
    [*"$%{}\\ \n`:.=ax#", "$$", "\n\n", "\\[", "\\]", "\\(", "\\)", "\\begin{align}", "\\end{align}", "\\verb|"]
) | st.sampled_from(
    [
        "\\newcommand{\\a}[1]{#1}",
        "\\a",
        "\\def\\b{",
        "\\begin{verbatim}",
        "\\end{verbatim}",
        "\\section{",
        ".. math::",
        "   ",
        ":math:`",
        "::\n\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_can_be_read(text: str) -> None:
    for reader in (read_latex, read_restructured):
        document = reader(text)
        for formula in document.formulas:
            line = document.lines[formula.place.line - 1]
            assert (
                line[formula.place.column - 1 :].startswith(("$", "\\", ".. math", ":math:", "`"))
                or reader is read_restructured
            )


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "$ ",
        "\\[",
        "\\verb|",
        "\\begin{verbatim}",
        "%",
        "\\newcommand{\\a}",
        "\\section{",
        "{",
        ".. math::\n",
        ":math:`",
        "`",
    ],
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    for reader in (read_latex, read_restructured):
        times = []
        for size in (20_000, 160_000):
            started = time.process_time()
            reader(unit * (size // len(unit)))
            times.append(time.process_time() - started)
        assert times[1] <= 24 * times[0] + 0.3
