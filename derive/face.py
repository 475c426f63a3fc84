r"""What a person sees at a prompt or in a notebook: derivatives and theories as formulas in the document's own letters.

>>> from derive.network import network
>>> print(network(sizes=(3, 2)).derivative("L", "W1").latex())
\frac{\partial L}{\partial z^{(1)}} x^\top
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from derive.algebra.arrays import Array
from derive.algebra.names import Name
from derive.theory import Theory
from derive.verdicts import DocumentVerdicts, Report

SymPy = Any
"""SymPy carries no types."""


@dataclass(frozen=True)
class Gradient:
    """The derivative of a number by a quantity, of that quantity's shape: as a typed SymPy expression or as a formula.

    SymPy takes it as it is (`sympy.sympify(gradient)` gives `gradient.sympy`); a notebook shows it as an equation.
    """

    theory: Theory
    of: Name
    by: Name
    value: Array
    """In index form."""

    @cached_property
    def sympy(self) -> SymPy:
        """The typed SymPy expression: a scalar, or a matrix expression; columns are n x 1.

        >>> from derive.network import network
        >>> network(sizes=("n", "m")).derivative("L", "W1").sympy.shape
        (m, n)
        """
        from derive.matrices import to_sympy

        return to_sympy(self.value, self.theory)

    @property
    def shape(self) -> str:
        """The shape in plain text.

        >>> from derive.network import network
        >>> network(sizes=(3, 2)).derivative("L", "W1").shape
        '2 × 3'
        """
        from derive import wording

        return wording.shape(self.theory, self.by)

    def latex(self) -> str:
        """The formula as LaTeX, without the left side of the equation."""
        from derive import wording
        from derive.notation.latex import write_latex

        return write_latex(wording.expression(self.theory, self.value))

    def _sympy_(self) -> SymPy:
        return self.sympy

    def _repr_latex_(self) -> str:
        from derive import wording
        from derive.notation.latex import write_latex

        return rf"$\displaystyle {write_latex(wording.partial(self.theory, self.of, self.by))} = {self.latex()}$"

    def __str__(self) -> str:
        return str(self.sympy)

    def __repr__(self) -> str:
        return f"d{self.of!r}/d{self.by!r} = {self.sympy}"


def gradient(theory: Theory, of: str, by: str, *, unfold: bool = False) -> Gradient:
    """The derivative of a theory's number `of` by its quantity `by`, names as they are printed or short (`W^(1)`, `W1`).

    Raises:
        KeyError: no such name.
        NotDifferentiable: `of` is no number with a definition, or does not depend on `by`.
    """
    from derive.matrices import derivative_array, find

    return Gradient(theory, find(theory, of), find(theory, by), derivative_array(theory, of, by, unfold=unfold))


def report_html(report: Report) -> str:
    """A report as tables, one for each document: line, formula, verdict and reason. Nothing of a document stands in it unescaped.

    >>> from derive.check import check_documents, read_text
    >>> page = report_html(check_documents([read_text("$$f(t) = t^2$$")]))
    >>> "<td>defined</td>" in page
    True
    """
    return "\n".join(map(_table, report.documents))


def _table(document: DocumentVerdicts) -> str:
    rows = "".join(
        f"<tr><td>{formula.line}</td><td>{_formula(formula.latex)}</td>"
        f"<td>{formula.verdict.value}</td><td>{escape(formula.reason)}</td></tr>"
        for formula in document.formulas
    )
    head = "<tr><th>line</th><th>formula</th><th>verdict</th><th>reason</th></tr>"
    return f"<table><caption>{escape(document.path)}</caption>{head}{rows}</table>"


def _formula(latex: str) -> str:
    """A formula as MathML; one that cannot be read as its source."""
    from derive.notation.errors import NotationError
    from derive.notation.mathml import write_mathml
    from derive.notation.parser import parse

    try:
        return write_mathml(parse(latex), display=False)
    except NotationError:
        return f"<code>{escape(latex)}</code>"


def theory_latex(theory: Theory) -> str:
    r"""A theory's definitions, one below the other.

    >>> from derive.network import network
    >>> print(theory_latex(network(sizes=(3, 2), activation="tanh")))
    $\begin{aligned}
    z^{(1)} &= W^{(1)} x + b^{(1)} \\
    a^{(1)} &= \tanh(z^{(1)}) \\
    L &= \frac{1}{2} \lVert a^{(1)} - y \rVert^2
    \end{aligned}$
    """
    from derive import wording
    from derive.notation.latex import write_latex
    from derive.notation.tree import Relations

    rows = []
    for name in theory.definitions:
        equation = wording.definition(theory, name)
        if isinstance(equation, Relations) and equation.first is not None:
            right = " ".join(f"&{relation} {write_latex(side)}" for relation, side in equation.rest[:1])
            rows.append(f"{write_latex(equation.first)} {right}")
        else:
            rows.append(f"& {write_latex(equation)}")
    body = " \\\\\n".join(rows)
    return f"$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$" if rows else "(no definitions)"
