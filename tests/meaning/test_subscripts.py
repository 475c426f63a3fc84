r"""Subscripts that could be read in two ways: deltas with two of them, bold letters with one."""

from __future__ import annotations

import pytest

from derive.check import check_documents, read_text

LAYER = r"""The outputs for pattern $p$ are $o_{pk}$, the targets $t_{pk}$.

$$E = \frac{1}{2} \sum_p \sum_k (t_{pk} - o_{pk})^2$$

"""


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial E}{\partial o_{pk}} = -\delta_{pk}",
        r"\frac{\partial E}{\partial o_{pk}} = \delta_{pk} + \delta^{(1)}",
    ],
)
def test_an_error_that_is_not_defined_is_not_kroneckers(formula: str) -> None:
    (judged,) = [f for f in check_documents([read_text(LAYER + f"$${formula}$$")]).documents[0].formulas if f.line == 5]
    assert judged.verdict.value == "unknown"
    assert "not defined" in judged.reason


def test_an_example_with_index_n_is_no_entry() -> None:
    """The targets are a vector of N numbers, and so are no reason to take the n-th input for a number."""
    text = r"""Let $y \in \mathbb{R}^N$ be targets, $\mathbf{x} \in \mathbb{R}^D$ any input, and $\mathbf{w} \in \mathbb{R}^D$.

$$J = \frac{1}{2}\sum_{n=1}^N (\mathbf{w}^T \mathbf{x}_n - y_n)^2$$

$$\frac{\partial J}{\partial \mathbf{w}} = \sum_{n=1}^N (\mathbf{w}^T \mathbf{x}_n - y_n) \mathbf{x}_n$$
"""
    judged = [f for f in check_documents([read_text(text)]).documents[0].formulas if f.display]
    assert [f.verdict.value for f in judged] == ["defined", "proved"]
