r"""What a list in brackets is taken for, and what is left open about it."""

from __future__ import annotations

import pytest

from derive.check import check_documents, read_text


def verdicts(text: str) -> list[str]:
    return [f.verdict.value for f in check_documents([read_text(text)]).documents[0].formulas if f.display]


VECTORS = r"Let $a \in \mathbb{R}^{n}$, $c \in \mathbb{R}^{m}$ and $W \in \mathbb{R}^{k \times (n+m)}$. "


@pytest.mark.parametrize("words", ["", "The vectors are concatenated.", "We stack them on each other."])
def test_vectors_of_different_sizes_are_stacked(words: str) -> None:
    text = VECTORS + words + "\n\n$$z = W [a, c]$$\n\n$$z = W \\begin{bmatrix} a \\\\ c \\end{bmatrix}$$"
    assert verdicts(text) == ["defined", "proved"]


def test_an_order_that_is_wrong_is_false() -> None:
    assert verdicts(VECTORS + "\n\n$$z = W [a; c]$$\n\n$$z = W [c; a]$$") == ["defined", "refuted"]


def test_vectors_of_one_size_may_be_columns() -> None:
    text = r"Let $a, c \in \mathbb{R}^{n}$ and $z = [a, c]$." + "\n\n$$z^\\top z = a^\\top a + c^\\top c$$"
    assert verdicts(text) == ["unknown"]


def test_what_is_a_sum_to_a_part_of_an_axis_is_left_open() -> None:
    text = VECTORS + "\n\n$$z = W [a; c]$$\n\n$$z_i = \\sum_{j=1}^{n} W_{ij} a_j$$"
    assert verdicts(text) == ["defined", "unknown"]


def test_a_sum_over_the_whole_axis_is_read() -> None:
    text = VECTORS + "\n\n$$u = [a; c]$$\n\n$$z = W u$$\n\n$$z_i = \\sum_{j=1}^{n+m} W_{ij} u_j$$"
    assert verdicts(text) == ["defined", "defined", "proved"]


@pytest.mark.parametrize(
    "formula",
    [
        r"z = \begin{bmatrix} \end{bmatrix}",
        r"z = \begin{bmatrix} a & c \\ a \end{bmatrix}",
        r"z = [a; " + "c; " * 40 + "c]",
        r"z = [a; [c; [a; [c; [a; c]]]]]",
        r"z = [a; c]^{-1}",
        r"z = [[a, c]; a^\top]",
        r"z = [a; z]",
        r"[a; c] = [c; a]",
        r"\begin{bmatrix} a \\ \vdots \\ c \end{bmatrix} = z",
    ],
)
def test_odd_stacks_are_no_crash(formula: str) -> None:
    assert verdicts(VECTORS + f"\n\n$${formula}$$")[0] != "proved"


def test_parameters_behind_a_semicolon_are_no_stack() -> None:
    text = r"Let $x \in \mathbb{R}^{n}$ and $\theta \in \mathbb{R}^{n}$." + "\n\n" + r"$$p(x; \theta) = \theta^\top x$$"
    assert "refuted" not in verdicts(text)
