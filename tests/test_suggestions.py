"""Suggestions: true, near to what was written, and worked out where nothing near is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.suggestions import TARGET, Outcome, outcomes
from derive.check import check_documents, read_text
from derive.meaning.naming import as_said
from derive.notation.latex import write_latex
from derive.notation.parser import parse
from derive.notation.tree import Scripted, Symbol

CASES = Path(__file__).parent / "cases"
PAGES = [*sorted((CASES / "notation").glob("*.md")), *sorted(CASES.glob("*.md"))]
PAGES = [page for page in PAGES if not page.stem.startswith("matrix-derivatives")]
"""All but the longest, whose mistakes are those of the others."""


@pytest.fixture(scope="module")
def suggested() -> list[Outcome]:
    return [outcome for page in PAGES for outcome in outcomes(page.read_text(encoding="utf-8"))]


@pytest.mark.timeout(900)
def test_most_first_suggestions_are_the_fix(suggested: list[Outcome]) -> None:
    assert len(suggested) >= 60
    others = [outcome for outcome in suggested if not outcome.same]
    assert len(others) <= (1 - TARGET) * len(suggested), others


def test_a_wrong_fix_is_not_taken_for_a_suggestion() -> None:
    page = (CASES / "one-neuron.md").read_text(encoding="utf-8")
    label = next(line for line in page.split("\n") if "fix:" in line)
    wrong = page.replace(label, label.replace("fix:", "fix: 2 \\cdot"))
    assert next(outcomes(page)).same
    assert not next(outcomes(wrong)).same


def first_suggestion(text: str) -> str:
    formulas = check_documents([read_text(text)]).documents[0].formulas
    (refuted,) = [formula for formula in formulas if formula.verdict.value == "refuted"]
    return refuted.suggestions[0]


@pytest.mark.parametrize(
    ("claim", "suggestion"),
    [
        (r"\tanh'(x) = \tanh(x) (1 - \tanh(x))", r"1 - (\tanh(x))^2"),
        (r"f'(x) = \begin{cases} x & x > 0 \\ 0 & x < 0 \end{cases}",
         r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        (r"\frac{\partial p_i}{\partial z_j} = p_i^2 z_j", r"\mathbb{1}(i = j) p_i - p_j p_i"),
    ],
)  # fmt: skip
def test_derivatives_are_worked_out(claim: str, suggestion: str) -> None:
    text = (
        "Let $z \\in \\mathbb{R}^K$.\n\n$$p_i = \\frac{e^{z_i}}{\\sum_k e^{z_k}}$$\n\n$$f(x) = \\max(0, x)$$\n\n"
        f"$$\\tanh(x) = \\frac{{e^x - e^{{-x}}}}{{e^x + e^{{-x}}}}$$\n\n$${claim}$$"
    )
    assert first_suggestion(text) == suggestion


def test_a_name_of_a_derivative_by_an_example_is_written_as_on_the_page() -> None:
    batch, own = parse(r"z_{\ldots, i}"), parse("z^{(i)}")
    assert isinstance(batch, Scripted)
    joined = replace(batch, base=Symbol("dz"))
    assert write_latex(as_said(joined, {batch: own})) == "dz^{(i)}"
