"""What a proof rests on beyond the page's definitions is said, and said rightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.check import check
from derive.verdicts import Verdict

PREFERENCES = r"$$\ell = -\log \sigma(\beta (u - v))$$" + "\n\n"
LOGISTIC = r"$$\frac{\partial \ell}{\partial u} = -\beta \, \sigma(\beta (v - u))$$" + "\n"


def last_verdict(folder: Path, text: str) -> tuple[Verdict, tuple[str, ...]]:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    formula = check(page).documents[0].formulas[-1]
    return formula.verdict, formula.assumptions


def test_an_inverse_has_to_exist(tmp_path: Path) -> None:
    page = "Let $M \\in \\mathbb{R}^{n \\times n}$.\n\n$$(M M)^{-1} = M^{-1} M^{-1}$$\n"
    assert last_verdict(tmp_path, page) == (Verdict.PROVED, ("the matrices that are inverted have inverses",))


def test_a_sigma_of_which_nothing_is_said_is_logistic_by_convention(tmp_path: Path) -> None:
    page = "With $\\beta > 0$ and the numbers $u$ and $v$:\n\n" + PREFERENCES + LOGISTIC
    assert last_verdict(tmp_path, page) == (Verdict.PROVED, (r"\sigma is the logistic function",))


@pytest.mark.parametrize("spoken", [r"\sigma", r"\sigma(\cdot)", r"\sigma(s)"])
def test_a_sigma_of_which_the_text_speaks_is_what_it_says(tmp_path: Path, spoken: str) -> None:
    page = f"Let ${spoken}$ be any differentiable function, $\\beta > 0$, and $u$, $v$ numbers.\n\n"
    verdict, _ = last_verdict(tmp_path, page + PREFERENCES + LOGISTIC)
    assert verdict is not Verdict.PROVED
