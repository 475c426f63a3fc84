r"""Conditions that a page sets: what they say is taken into account, or nothing is said."""

from __future__ import annotations

import pytest

from derive.check import check_documents, read_text

SOFTMAX = r"Let $z \in \mathbb{R}^{K}$." + "\n\n" + r"$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$" + "\n\n"


def verdicts(text: str) -> list[str]:
    return [f.verdict.value for f in check_documents([read_text(text)]).documents[0].formulas if f.display]


def test_a_condition_further_away_leaves_it_open() -> None:
    text = SOFTMAX + (
        "We look at $i \\neq j$ first.\n\n$$\\frac{\\partial p_i}{\\partial z_i} = p_i (1 - p_i)$$\n\n"
        "$$\\frac{\\partial p_i}{\\partial z_j} = -p_i p_j$$"
    )
    assert verdicts(text) == ["defined", "proved", "unknown"]


def test_without_a_condition_it_is_false() -> None:
    assert verdicts(SOFTMAX + r"$$\frac{\partial p_i}{\partial z_j} = -p_i p_j$$") == ["defined", "refuted"]


@pytest.mark.parametrize("condition", [r"i \neq m", r"p_i \neq p_j"])
def test_a_condition_that_is_not_understood_refutes_nothing(condition: str) -> None:
    text = SOFTMAX + rf"$$\frac{{\partial p_i}}{{\partial z_j}} = -p_i p_j \quad \text{{if }} {condition}$$"
    assert "refuted" not in verdicts(text)


def test_what_is_defined_under_one_condition_is_not_defined_elsewhere() -> None:
    text = "$$f(x) = x \\quad \\text{for } x > 0$$\n\n$$f'(x) = 1$$\n\n$$f(-2) = 0$$"
    assert "refuted" not in verdicts(text)
    assert "proved" not in verdicts(text)


def test_a_range_is_no_condition() -> None:
    text = (
        "$$z^{(l)} = W^{(l)} a^{(l-1)}, \\quad l \\geq 1$$\n\n$$a^{(l)} = \\tanh(z^{(l)}), \\quad l = 1, \\dots, L$$\n\n"
        "$$\\frac{\\partial a^{(l)}}{\\partial z^{(l)}} = \\operatorname{diag}(1 - a^{(l)} \\odot a^{(l)}) \\quad (l \\geq 1)$$"
    )
    assert verdicts(text) == ["defined", "defined", "proved"]


@pytest.mark.parametrize(
    "definition",
    [
        r"f(x) = \begin{cases} x & x > 1 \\ 0 & x < 0 \end{cases}",
        r"f(x) = \begin{cases} x & \text{for positive } x \\ 0 & \text{otherwise} \end{cases}",
        r"f(x) = x \text{ if } x > 1, \quad f(x) = 0 \text{ if } x < 0",
    ],
)
def test_cases_that_leave_something_open_define_nothing(definition: str) -> None:
    said = verdicts(f"$${definition}$$\n\n$$f(1/2) = 0$$\n\n$$f'(x) = 1$$")
    assert said == ["unknown", "unknown", "unknown"]


def test_comparisons_may_be_turned_round() -> None:
    text = r"$$f(x) = \begin{cases} x & x > 0 \\ 0 & 0 \geq x \end{cases}$$" + "\n\n" + r"$$f(-1) = 0$$"
    assert verdicts(text) == ["defined", "proved"]


def test_what_is_said_of_a_constant_restricts_nothing() -> None:
    text = (
        "$$E = (w x - y)^2$$\n\n$$J = E + \\lambda w^2, \\quad \\lambda > 0$$\n\n"
        "$$\\frac{dJ}{dw} = 2 (w x - y) x + 2 \\lambda w$$\n\n$$w \\leftarrow w - \\eta \\frac{dJ}{dw}, \\quad \\eta > 0$$"
    )
    assert verdicts(text) == ["defined", "defined", "proved", "proved"]


def test_a_value_in_one_case_is_no_definition() -> None:
    assert verdicts("$$E = w^2$$\n\n$$u = 1 \\quad \\text{if } w > 0$$\n\n$$\\frac{dE}{dw} = 2 w u$$")[1:] == [
        "unknown",
        "unknown",
    ]
