"""`gradproof derive`: every step with its rules, its shape and a reason, as text and as LaTeX that compiles."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.calculus import NotDifferentiable
from derive.check import read_text, theory_of
from derive.network import network
from derive.notation.errors import NotationError
from derive.notation.parser import parse
from derive.readers import read
from derive.theory import Theory
from reports.derivation import write
from reports.plain import write_plain

Gradproof = Callable[..., "subprocess.CompletedProcess[str]"]
CASES = sorted(path.name for path in (Path(__file__).parents[1] / "cases").glob("*.md"))
NO_LOSS = "$$f(t) = t^2$$\n"


@pytest.fixture(scope="module")
def example(root: Path) -> Theory:
    return theory_of(read(str(root / "examples/backpropagation.md")))


def blocks(text: str) -> dict[str, list[str]]:
    """The steps of a derivation as text, by what they are taken by."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"\n\n", text):
        lines = part.splitlines()
        head = re.fullmatch(r"\d+\. derivative by (\S+), shape .+", lines[0]) if lines else None
        if head is not None:
            found[head[1]] = lines
    return found


def test_steps_in_order(example: Theory) -> None:
    steps = blocks(write(example, (), "text"))
    assert list(steps) == ["a^(2)", "z^(2)", "a^(1)", "z^(1)", "X", "W^(1)", "b^(1)", "W^(2)", "b^(2)"]


def test_each_step_says_everything(example: Theory) -> None:
    for name, lines in blocks(write(example, (), "text")).items():
        assert lines[1].strip().startswith(f"∂L/∂{name} = ") or lines[1].split(" = ")[1].startswith(f"∂L/∂{name}")
        whys = [line for line in lines if line.startswith("   why: ")]
        assert len(whys) == 1
        assert name in whys[0]
        assert whys[0].endswith(".")
        assert any(re.match(r"   by: .*(chain|sum|product|power) rule", line) for line in lines)


def test_formulas_and_shapes(example: Theory) -> None:
    steps = blocks(write(example, (), "text"))
    assert steps["W^(1)"][0].endswith("shape n_1 × 2")
    assert any(line.endswith("= δ^(1) Xᵀ") for line in steps["W^(1)"])
    assert any("⊙ σ'(z^(1))" in line for line in steps["z^(1)"])
    assert steps["a^(2)"][1].endswith("a^(2) − y")


def test_rules_are_explained_once(example: Theory) -> None:
    text = write(example, (), "text")
    rules = text.split("\nRules\n")[1].split("\n\n")[0].splitlines()
    titles = [re.split(r"  +", line.strip())[0] for line in rules]
    used = {title.strip() for line in text.splitlines() if line.startswith("   by: ") for title in line[7:].split(",")}
    assert len(titles) == len(set(titles))
    assert set(titles) == used
    assert "Spivak" in text


@pytest.mark.parametrize("asked", ["W^{(1)}", "W^(1)", "W1", "W ^ { (1) }", "$W^{(1)}$"])
def test_names_as_people_write_them(example: Theory, asked: str) -> None:
    assert list(blocks(write(example, (asked,), "text"))) == ["W^(1)"]


def test_fonts_may_be_left_out(root: Path) -> None:
    theory = theory_of(read(str(root / "tests/cases/tanh-cross-entropy.md")))
    for asked in (r"\mathbf{W}^{[2]}", "W^{[2]}", "W2", r"\boldsymbol{W}^{[2]}"):
        assert list(blocks(write(theory, (asked,), "text"))) == ["W^[2]"]


def test_targets_only_when_asked(example: Theory) -> None:
    assert "y" not in blocks(write(example, (), "text"))
    assert list(blocks(write(example, ("y", "b2", "y"), "text"))) == ["y", "b^(2)"]


def test_unknown_names(example: Theory) -> None:
    with pytest.raises(NotDifferentiable, match=r"no quantity 'Q'; there are derivatives by .*W\^\(1\).*b\^\(2\)"):
        write(example, ("Q",), "text")
    with pytest.raises(NotDifferentiable, match=r"L does not depend on \\alpha; there are .*W\^\(1\)"):
        write(example, (r"\alpha",), "text")
    with pytest.raises(NotDifferentiable, match=r"'W' may be any of W\^\(1\), W\^\(2\)"):
        write(example, ("W",), "text")


@pytest.mark.parametrize("output", ["text", "latex"])
def test_no_loss(output: str) -> None:
    with pytest.raises(NotDifferentiable, match="loss"):
        write(theory_of(read_text(NO_LOSS)), (), output)


def test_unknown_output() -> None:
    with pytest.raises(ValueError, match="text and latex"):
        write(network(), (), "html")


def test_a_definition_with_open_indices_is_none() -> None:
    text = r"$S \in \mathbb{R}^{n}$" + "\n\n$$L = \\frac{1}{2} S_j^2 + w^2$$\n"
    with pytest.raises(NotDifferentiable, match="no loss"):
        write(theory_of(read_text(text)), (), "text")


# LaTeX ----------------------------------------------------------------------------------------------------------------


def compiled(engine: str, fragments: list[str], folder: Path) -> str:
    """The log of a document that holds the fragments, each on its own page."""
    source = (
        "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"
        + "\n\\clearpage\n".join(fragments)
        + "\n\\end{document}\n"
    )
    (folder / "page.tex").write_text(source, encoding="utf-8")
    run = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    log = run.stdout.decode(errors="replace")
    assert run.returncode == 0, log[-2000:]
    return log


def test_latex_compiles(engine: str, root: Path, tmp_path: Path) -> None:
    theories = [theory_of(read(str(root / "tests/cases" / name))) for name in CASES]
    theories += [theory_of(read(str(root / "examples/backpropagation.md"))), network(batch="m", layout="rows")]
    assert len(theories) >= 5
    log = compiled(engine, [write(theory, (), "latex") for theory in theories], tmp_path)
    assert "Undefined control sequence" not in log
    assert "Missing character" not in log


def test_latex_holds_every_formula_once(example: Theory) -> None:
    page = write(example, (), "latex")
    chains = re.findall(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", page, flags=re.DOTALL)
    assert len(chains) == len(blocks(write(example, (), "text")))
    for chain in chains:
        tree = parse(rf"\begin{{aligned}}{chain}\end{{aligned}}")
        assert write_plain(tree).count("∂L/∂") >= 1
    assert r"$n_1 \times 2$" in page


def test_latex_escapes(engine: str, tmp_path: Path) -> None:
    text = "$$\\text{a_b\\input{x}\\%} = w^2$$\n\n$$L = \\frac{1}{2} (w \\cdot x - y)^2$$\n"
    compiled(engine, [write(theory_of(read_text(text)), (), "latex")], tmp_path)


# The command ------------------------------------------------------------------------------------------------------------


def test_command(gradproof: Gradproof) -> None:
    run = gradproof("derive", "examples/backpropagation.md", "--by", "W^{(1)}")
    assert run.returncode == 0, run.stderr
    assert list(blocks(run.stdout)) == ["W^(1)"]


def test_command_with_an_unknown_name(gradproof: Gradproof) -> None:
    run = gradproof("derive", "examples/backpropagation.md", "--by", "Q")
    assert run.returncode == 2
    assert "there are derivatives by" in run.stderr
    assert "Traceback" not in run.stderr


# Plain text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"\frac{\partial L}{\partial \mathbf{W}^{[2]}}", "∂L/∂W^[2]"),
        (r"\hat{y}_i = \frac{e^{z_i}}{\sum_k e^{z_k}}", "ŷ_i = e^(z_i)/(∑_k e^(z_k))"),
        (r"\frac{1}{2} \lVert a - y \rVert^2", "1/2 ‖a − y‖^2"),
        (r"W^\top (a - y)", "Wᵀ (a − y)"),
        (r"-\frac{1}{n} \sum_{i=1}^{n} y_i \log p_i", "−1/n ∑_(i=1)^n y_i log p_i"),
        (r"\sigma'(z) \odot \operatorname{diag}(v)", "σ'(z) ⊙ diag(v)"),
        (r"\sqrt{x + 1} / y_{jk}", "√(x + 1)/y_jk"),
        (r"\frac{a + b}{c d}", "(a + b)/(c d)"),
    ],
)
def test_plain_text(latex: str, plain: str) -> None:
    assert unicodedata.normalize("NFC", write_plain(parse(latex))) == plain


def test_plain_text_of_every_kind_of_node(root: Path, shared: Path) -> None:
    """Whatever a page holds has a line of text, without control characters."""
    pages = sorted((shared / "corpus").rglob("*.md"))
    assert pages
    count = 0
    for page in pages:
        for formula in read(str(page)).formulas:
            try:
                tree = parse(formula.latex)
            except NotationError:
                continue  # what cannot be read has no tree
            written = write_plain(tree)
            assert written.isprintable(), formula.latex
            count += 1
    assert count > 500
