"""The second reader: it confirms right readings, catches wrong ones, and is not asked what it is known to misread."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from derive.algebra.names import Name
from derive.algebra.terms import ONE, Arg, Entry, Fun, Term, add, mul, neg, num, power, sub
from derive.meaning import second
from derive.meaning.elaborate import Elaborator
from derive.meaning.scope import Scope, Shape, Vocabulary
from derive.notation.parser import parse

needs_reader = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="latex2sympy2 cannot be imported on Python 3.13 and later"
)
A, B, X = (Entry(Name(letter)) for letter in "abx")


def vocabulary(*functions: str) -> Vocabulary:
    return Vocabulary(functions=dict.fromkeys(functions, "") | {name: name for name in functions})


def first_reading(latex: str, words: Vocabulary) -> Term:
    """The reading of our own grammar, every name a number."""
    scope = Scope(words, lambda name: None if name.base == "e" else Shape(()), plainest=True)
    return Elaborator(scope).readings(parse(latex))[0].value.body


def compared(latex: str, term: Term | None = None, words: Vocabulary | None = None) -> second.Disagreement | None:
    """The disagreement on a formula that is asked about and that the second reader reads."""
    words = words or Vocabulary()
    tree = parse(latex)
    asked = second.question(tree, term or first_reading(latex, words), words)
    assert asked is not None
    assert second._second_reading(asked) is not None, asked.latex
    return second.agree(tree, asked.term, words)


@needs_reader
@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{1}{1 + e^{-x}}",
        r"\frac{1}{1 + \exp(-x)}",
        r"\left(1 + e^{-x}\right)^{-1}",
        r"\frac{e^x - e^{-x}}{e^x + e^{-x}}",
        r"2 \cdot \frac{1}{1 + e^{-2x}} - 1",
        r"\log(1 + e^x)",
        r"\ln\left(1 + \exp(x)\right)",
        r"\max(0, x)",
        r"\max(0, 1 - y x)",
        r"\max(a b, \sqrt{a b})",
        r"\frac{x}{1 + |x|}",
        r"\frac{1}{2} (\hat{y} - y)^2",
        r"\frac{1}{2} \left(a^{(2)} - y\right)^2",
        r"-y \log \hat{y} - (1 - y) \log(1 - \hat{y})",
        r"-\left(y \log(p) + (1 - y) \log(1 - p)\right)",
        r"\log(1 + e^{-y z})",
        r"\frac{1}{2} x \left(1 + \tanh\left(\sqrt{2 / \pi} \, (x + 0.044715 x^3)\right)\right)",
        r"a(1 - a)",
        r"x^2 y - 0.5 x",
        r"\sqrt[3]{x^2 + 1}",
        r"\tanh^2 x",
        r"\sin x \cos x",
    ],
)
def test_agreement(latex: str) -> None:
    assert compared(latex) is None


@needs_reader
@pytest.mark.parametrize(
    "latex",
    [
        r"x \cdot \sigma(x)",
        r"x \sigma(x)",
        r"\sigma(x)(1 - \sigma(x))",
        r"2 \sigma(x) - 1",
    ],
)
def test_functions_of_the_page(latex: str) -> None:
    words = vocabulary(r"\sigma")
    assert compared(latex, words=words) is None
    wrong = mul(Entry(Name(r"\sigma")), first_reading(latex, words))
    assert second.question(parse(latex), wrong, words) is None or compared(latex, wrong, words) is not None


WRONG = {
    r"\frac{1}{1 + e^{-x}}": power(add(ONE, Fun("exp", 0, X)), -1),
    r"-x^2": power(neg(X), 2),
    r"\ln a + b": Fun("log", 0, add(A, B)),
    r"\log a + b": Fun("log", 0, add(A, B)),
    r"\frac{a}{b} x": mul(A, power(mul(B, X), -1)),
    r"\exp(x)^2": Fun("exp", 0, power(X, 2)),
    r"\max(0, x)": X,
    r"\sqrt{a} b": power(mul(A, B), num(1).value / 2),
    r"a - b + x": sub(A, add(B, X)),
    r"2^3 x": mul(num(6), X),
    r"\tanh(x)": Fun("sin", 0, X),
    r"x": neg(X),
    r"1": num(2),
}


@needs_reader
@pytest.mark.parametrize("latex", WRONG)
def test_a_misreading_of_ours_is_caught(latex: str) -> None:
    found = compared(latex, WRONG[latex])
    assert found is not None
    assert repr(WRONG[latex]) == found.ours
    assert found.ours in found.reason
    assert found.theirs in found.reason
    assert found.values[0] != found.values[1]
    assert found.values[0] in found.reason


@needs_reader
def test_the_reading_shown_is_in_the_names_of_the_page() -> None:
    name = Name(r"\hat{y}")
    found = second.agree(parse(r"\ln \hat{y} + b"), Fun("log", 0, add(Entry(name), B)))
    assert found is not None
    assert found.theirs == r"(log(\hat{y}) + b)"
    assert set(found.at) == {r"\hat{y}", "b"}


@needs_reader
def test_the_body_of_a_function() -> None:
    tree, parameter = parse(r"\frac{1}{1 + e^{-t}}"), Name("t")
    right = power(add(ONE, Fun("exp", 0, neg(Arg(0)))), -1)
    assert second.agree(tree, right, parameter=parameter) is None
    found = second.agree(tree, power(add(ONE, Fun("exp", 0, Arg(0))), -1), parameter=parameter)
    assert found is not None
    assert list(found.at) == ["t"]


# What latex2sympy2 1.9.1 reads as something else, or not at all: `W^T x` as W x, `\delta^{(2)}` as a power, `1/2 x` as
# 1/(2 x), `\sigma(2 x)` as sigma times 2 x, `\log_2` by a base that our terms have no word for, `\sin^{-1}` as arcsin, an
# equation as a set to be solved.
NOT_ASKED = [
    r"a^T b",
    r"a^\top b",
    r"\| a - b \|^2",
    r"\begin{cases} x & x > 0 \\ 0 & x \leq 0 \end{cases}",
    r"1/2 x",
    r"a / b x",
    r"\log_2 x",
    r"\sin^{-1}(x)",
    r"\frac{\partial a}{\partial b}",
    r"\sum_{i=1}^n x_i",
    r"a = b",
    r"a \odot b",
    r"a \pm b",
    r"\sigma'(x)",
    r"\sigma(a + b)",
    r"\sigma(2 x)",
    r"\max(a, \sigma(x))",
    r"x_i",
    r"q + x",
    " + ".join(["(x + 1)"] * 40),
    "(" * 9 + "x" + ")" * 9,
    r" \cdot ".join([r"\exp(-x)"] * 5),
]


@pytest.mark.parametrize("latex", NOT_ASKED)
def test_what_it_is_not_asked(latex: str) -> None:
    assert second.question(parse(latex), add(A, B, X), vocabulary(r"\sigma")) is None


def test_layers_are_no_powers() -> None:
    tree, term = parse(r"\delta^{(2)} \delta^{(1)}"), first_reading(r"\delta^{(2)} \delta^{(1)}", Vocabulary())
    asked = second.question(tree, term, Vocabulary())
    assert asked is not None
    assert asked.latex.replace(" ", "") == "xy"
    assert second.agree(tree, term) is None


def test_a_term_with_indices_is_not_compared() -> None:
    from derive.algebra.names import Index, size
    from derive.algebra.terms import Total

    i = Index("i", size("n"))
    assert second.question(parse("x"), Total(i, Entry(Name("x"), (i,))), Vocabulary()) is None


@needs_reader
def test_its_time_is_bounded() -> None:
    """Formulas at the limit of what is asked, in the shapes that its parser is slowest at."""
    compared("x")  # loads it
    slowest = 0.0
    for latex in (
        r" \cdot ".join([r"\exp(-x)"] * 4),
        r" \cdot ".join([r"\ln(1 - x)"] * 4),
        r"\tanh(" * 4 + "x" + ")" * 4,
        r" \cdot ".join(["(x + 1)"] * 15),
        r" + ".join([r"\frac{x}{x + 1}"] * 8),
    ):
        assert second.question(parse(latex), X, Vocabulary()) is not None
        started = time.process_time()
        second.agree(parse(latex), X)
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 10


@needs_reader
@pytest.mark.parametrize("latex", [r"\exp(\exp(\exp(\exp(x))))", r"x^{100000000}", r"\sin(\exp(\exp(9 x)))"])
def test_huge_values(latex: str) -> None:
    started = time.process_time()
    second.agree(parse(latex), mul(num(2), first_reading(latex, Vocabulary())))
    assert time.process_time() - started < 10


def test_without_it_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(second, "find_spec", find)
    assert not second.available()
    assert second.agree(parse("a"), B) is None


def test_with_one_that_cannot_be_imported_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    second._reader.cache_clear()
    second._expression.cache_clear()
    monkeypatch.setitem(sys.modules, "latex2sympy2", None)
    try:
        assert second.agree(parse("a + b"), add(A, neg(B))) is None
    finally:
        second._reader.cache_clear()
        second._expression.cache_clear()


def test_asking_what_to_ask_imports_nothing(root: Path) -> None:
    script = (
        "import sys\n"
        "from derive.meaning import second\n"
        "from derive.notation.parser import parse\n"
        "from derive.algebra.terms import Entry, Name\n"
        "assert second.question(parse('x'), Entry(Name('x')), second.Vocabulary()) is not None\n"
        "assert second.available() or sys.version_info >= (3, 13)\n"
        "print(*sorted({'sympy', 'latex2sympy2', 'mpmath', 'antlr4'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=30, check=True
    )
    assert run.stdout.strip() == ""
