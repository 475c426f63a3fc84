"""What two readers read in two ways is not built on."""

from __future__ import annotations

import pytest

from derive.check import check_documents, read_text
from derive.meaning import second

PAGE = r"""
$$f(x) = \frac{x}{1 + x^2}$$

$$y = 3 a + \frac{a}{b}$$

$$\frac{\partial y}{\partial b} = -\frac{a}{b^2}$$

$$f'(x) = \frac{1 - x^2}{(1 + x^2)^2}$$
"""


def verdicts() -> list[tuple[str, str]]:
    (document,) = check_documents([read_text(PAGE)]).documents
    return [(formula.verdict.value, formula.reason) for formula in document.formulas]


def test_readers_that_agree_change_nothing() -> None:
    assert [verdict for verdict, _ in verdicts()] == ["defined", "defined", "proved", "proved"]


@pytest.mark.skipif(not second.available(), reason="latex2sympy2 cannot be installed here")
def test_a_disagreement_is_never_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    doubt = second.Disagreement("one thing", "another", {}, ("1", "2"))
    monkeypatch.setattr(second, "agree", lambda *arguments: doubt)
    said = verdicts()
    assert [verdict for verdict, _ in said] == ["unknown"] * 4
    assert "two readers disagree" in said[0][1]
    assert "two readers disagree" in said[1][1]
