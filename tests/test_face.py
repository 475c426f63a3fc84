"""What `import derive` gives to Python users: functions by short names, nothing loaded early, results that show themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sympy

import derive
from derive.calculus import NotDifferentiable
from derive.face import Gradient
from derive.matrices import derivative
from derive.notation.parser import parse
from derive.readers.document import UnreadableDocument

EXAMPLE = "examples/backpropagation.md"


def python(root: Path, code: str) -> list[str]:
    """The lines that code prints in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=root, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_import_loads_nothing(root: Path) -> None:
    loaded = python(root, "import sys; import derive; print(*sorted(m for m in sys.modules if m.startswith('derive')))")
    assert loaded == ["derive"]


def test_import_is_quick(root: Path) -> None:
    code = "import time; t = time.perf_counter(); import derive; print(time.perf_counter() - t)"
    assert min(float(python(root, code)[0]) for _ in range(3)) < 0.030


CHECKED = f"print(derive.check({EXAMPLE!r}).refuted)"
WHOLE = "from derive.check import check_documents, read_text; print(check_documents([read_text('$$a = b$$')]).refuted)"


@pytest.mark.parametrize(
    "code",
    [
        f"import derive; {CHECKED}; {WHOLE}; {CHECKED}",
        f"{WHOLE}; import derive; {CHECKED}; {CHECKED}",
        f"import derive.check; {CHECKED}; {WHOLE}; {CHECKED}",
    ],
    ids=["called first", "module first", "module imported by its whole name"],
)
def test_check_is_a_function_and_a_module(root: Path, code: str) -> None:
    checked, whole, again = sorted(python(root, code), reverse=True)
    assert (checked, whole, again) == ("2", "2", "0")


@pytest.mark.parametrize(
    "code",
    [
        "import derive; print(derive.network().title); from derive.network import network; print(network().title)",
        "from derive.network import network; print(network().title); import derive; print(derive.network().title)",
    ],
    ids=["called first", "module first"],
)
def test_network_is_a_function_and_a_module(root: Path, code: str) -> None:
    one, other = python(root, code)
    assert one == other == "2-2-1 network, sigmoid, squared error"


def test_derivatives_in_letters_need_no_sympy(root: Path) -> None:
    code = (
        "import sys, derive; print(derive.network().derivative('L', 'W1').latex()); "
        "print('sympy' in sys.modules, 'numpy' in sys.modules)"
    )
    assert python(root, code)[1] == "False False"


def test_names_of_the_face() -> None:
    for name in derive.__all__:
        assert getattr(derive, name) is not None
        assert name in dir(derive)
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        getattr(derive, "chek")  # noqa: B009


def test_a_missing_document(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"missing\.md"):
        derive.check(tmp_path / "missing.md")


def test_wrong_network() -> None:
    with pytest.raises(ValueError, match="no activation 'sigmiod'"):
        derive.network(sizes=(2, 1), activation="sigmiod")


@pytest.fixture
def gradient() -> Gradient:
    return derive.network(sizes=("n", "h", "c"), activation="sigmoid", loss="squared error").derivative("L", "W1")


def test_gradient_is_sympy(gradient: Gradient) -> None:
    expected = derivative(gradient.theory, "L", "W1")
    assert gradient.sympy == expected
    assert sympy.sympify(gradient) == expected
    assert isinstance(gradient.sympy, sympy.MatMul)
    assert [str(length) for length in gradient.sympy.shape] == ["h", "n"]
    assert gradient.shape == "h × n"


def test_gradient_is_a_formula(gradient: Gradient) -> None:
    assert parse(gradient.latex()) == parse(r"\frac{\partial L}{\partial z^{(1)}} x^\top")
    shown = gradient._repr_latex_()
    assert shown.startswith("$")
    assert shown.endswith("$")
    assert parse(shown.strip("$").removeprefix(r"\displaystyle")) == parse(
        r"\frac{\partial L}{\partial W^{(1)}} = \frac{\partial L}{\partial z^{(1)}} x^\top"
    )


def test_unfolded_gradient_has_no_derivative_left() -> None:
    theory = derive.network(sizes=("n", "h", "c"))
    assert r"\partial" not in theory.derivative("L", "W1", unfold=True).latex()


def test_unknown_names() -> None:
    theory = derive.network()
    with pytest.raises(KeyError, match="W9"):
        theory.derivative("L", "W9")
    with pytest.raises(NotDifferentiable):
        theory.derivative("a2", "y")


def test_theory_shows_its_definitions() -> None:
    shown = derive.network()._repr_latex_()
    assert shown.startswith("$\\begin{aligned}\n")
    assert shown.count("&=") == 5
    parse(shown.strip("$"))


def test_report_escapes_what_a_document_holds(tmp_path: Path) -> None:
    page = tmp_path / "<b>.md"
    page.write_text("$$\\text{<script>alert(1)</script>} = \\frac{1}$$\n\n$$a = \\text{<i>}$$\n", encoding="utf-8")
    shown = derive.check(page)._repr_html_()
    assert shown.count("<table>") == 1
    assert "<script" not in shown
    assert "<i>" not in shown
    assert "&lt;b&gt;.md" in shown
    assert "&lt;script&gt;" in shown
