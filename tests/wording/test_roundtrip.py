r"""What is written can be read again and says the same: every formula is put on a page with the definitions that it came from,
and the checker must prove it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from derive import wording
from derive.check import check_documents, read_text, theory_of
from derive.network import network
from derive.notation.latex import write_latex
from derive.notation.parser import parse
from derive.notation.tree import Node, Relations, Rows
from derive.readers import read
from derive.theory import Theory

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "tests" / "cases").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
NETWORKS = {
    f"{hidden}-{output}-{loss}-{layout}-{batch}": network(
        sizes=("n", "h", "c"),
        activation=hidden,
        output_activation=output,
        loss=loss,
        batch=batch,
        layout=layout,
        reduction="mean" if batch else "sum",
    )
    for hidden, output, loss in (
        ("sigmoid", "sigmoid", "squared error"),
        ("tanh", "sigmoid", "binary cross-entropy"),
        ("tanh", "softmax", "categorical cross-entropy"),
        ("relu", "identity", "squared error"),
        ("softplus", "softmax", "squared error"),
    )
    for layout in ("columns", "rows")
    for batch in (None, "m")
}


def page(theory: Theory) -> str:
    """A theory as a page of its own: what its givens are, its functions, its definitions."""
    lines = []
    for symbol in theory.symbols.values():
        sizes = [str(length) for length in symbol.shape]
        if len(sizes) == 1 and symbol.row:
            sizes.insert(0, "1")
        if sizes:
            own = write_latex(wording.name(theory, symbol.name))
            space = r" \times ".join(sizes)
            lines.append(rf"${own} \in \mathbb{{R}}^{{{space}}}$")
    formulas = [wording.function_definition(theory, key) for key in theory.functions]
    formulas += [wording.definition(theory, name) for name in theory.definitions]
    return "\n\n".join([*lines, *displayed(formulas)])


def displayed(formulas: Sequence[Node]) -> list[str]:
    return [f"$${write_latex(formula)}$$" for formula in formulas]


def rows(node: Node) -> Iterator[Node]:
    """Each statement of an aligned chain on its own, so that a failure names it."""
    if not isinstance(node, Rows):
        yield node
        return
    first = None
    for row in node.rows:
        assert isinstance(row, Relations)
        first = row.first or first
        yield Relations(first, row.rest)


def written(theory: Theory) -> list[Node]:
    """Everything that is said of a theory with a loss."""
    assert theory.loss is not None
    formulas: list[Node] = []
    for step in wording.derivation(theory):
        formulas += [step.equation, *rows(step.equation), wording.gradient(theory, theory.loss, step.quantity)]
    return formulas


def faults(text: str, formulas: Sequence[Node]) -> list[str]:
    """What is not proved of formulas that follow a text."""
    whole = text + "\n\n" + "\n\n".join(displayed(formulas)) + "\n"
    found = check_documents([read_text(whole)]).documents[0].formulas[-len(formulas) :]
    assert len(found) == len(formulas)
    return [
        f"{formula.latex}\n    {formula.verdict.value}: {formula.reason}"
        for formula in found
        if formula.verdict.value != "proved"
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    theory = NETWORKS[name]
    wrong = faults(page(theory), written(theory))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages(path: Path) -> None:
    theory = theory_of(read(path))
    wrong = faults(path.read_text(encoding="utf-8"), written(theory))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_definitions_of_pages(path: Path) -> None:
    theory = theory_of(read(path))
    wrong = faults(path.read_text(encoding="utf-8"), [wording.definition(theory, name) for name in theory.definitions])
    assert not wrong, "\n".join(wrong)


def test_the_page_this_was_made_for(shared: Path) -> None:
    path = shared / "seed" / "backpropagation.md"
    theory = theory_of(read(path))
    definitions = [wording.definition(theory, name) for name in theory.definitions]
    wrong = faults(path.read_text(encoding="utf-8"), [*definitions, *written(theory)])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "page",
    [
        "errata/e05-squared-error-slope",
        "open/a10-three-layer-mlp",
        "open/a13-bce-batch-rows",
        "open/a14-tanh-softmax-l2",
        "open/b07-least-squares-quadratic-forms",
        "open/b10-gaussian-losses",
        "open/b11-softmax-family",
    ],
)
def test_pages_by_others(shared: Path, page: str) -> None:
    path = shared / "corpus" / f"{page}.md"
    formulas = written(theory_of(read(path)))
    assert formulas
    wrong = faults(path.read_text(encoding="utf-8"), formulas)
    assert not wrong, "\n".join(wrong)


def test_a_wrong_formula_is_found() -> None:
    """The tests above can fail: a sign, a transpose and a name changed are each seen."""
    theory = NETWORKS["sigmoid-sigmoid-squared error-columns-None"]
    hidden = r"((W^{(2)})^\top ((a^{(2)} - y) \odot \sigma'(z^{(2)}))) \odot \sigma'(z^{(1)})"
    right = rf"\frac{{\partial L}}{{\partial W^{{(1)}}}} = ({hidden}) x^\top"
    wrong = [
        right.replace("a^{(2)} - y", "a^{(2)} + y"),
        right.replace(r"(W^{(2)})^\top", "W^{(2)}"),
        right.replace(r"\sigma'(z^{(1)})", r"\sigma'(z^{(2)})"),
    ]
    assert len({right, *wrong}) == 4
    assert not faults(page(theory), [parse(right)])
    assert len(faults(page(theory), [parse(latex) for latex in wrong])) == 3


@pytest.mark.parametrize(
    "claim",
    [
        r"X W + \mathbf{1} b^T = \hat{Y}",
        r"\operatorname{tr}(\mathbf{1} \mathbf{1}^T E E^T) = \mathbf{1}^T E E^T \mathbf{1}",
    ],
)
def test_a_column_of_ones_has_the_length_that_fits(claim: str) -> None:
    text = (ROOT / "tests" / "cases" / "linear-regression-rows.md").read_text(encoding="utf-8")
    text = text.replace(r", $\mathbf{1} \in \mathbb{R}^{n}$", "")
    assert not faults(text, [parse(claim)])


def test_entries_where_matrices_have_no_form() -> None:
    """Four indices, each joined with each: whichever is summed first leaves three, so the formula speaks of entries."""
    text = r"$A \in \mathbb{R}^{n \times n}$" + "\n\n"
    text += r"$$s = \sum_i \sum_j \sum_k \sum_r A_{ij} A_{ik} A_{ir} A_{jk} A_{jr} A_{kr}$$"
    theory = theory_of(read_text(text))
    formulas = [wording.definition(theory, name) for name in theory.definitions]
    assert [write_latex(formula).count(r"\sum") for formula in formulas] == [4]
    assert not faults(text, formulas)
