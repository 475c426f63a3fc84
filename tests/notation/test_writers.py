"""The writers of Typst, MathML, speech and LaTeX: known output, real compilation, and text of a document that stays text."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation import layout
from derive.notation.latex import write_latex
from derive.notation.mathml import write_mathml
from derive.notation.speech import write_speech
from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Fenced,
    Fraction,
    Matrix,
    Node,
    Number,
    Product,
    Relations,
    Root,
    Rows,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
    Tagged,
    Text,
    Word,
)
from derive.notation.typst import write_typst

EXPECTED = json.loads((Path(__file__).parent / "writers.json").read_text(encoding="utf-8"))
CORE = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup"}
CORE |= {"munder", "mover", "munderover", "mtable", "mtr", "mtd"}
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}


def compile_typst(*formulas: str) -> None:
    """Really typeset the formulas; raises for any error."""
    page = "\n\n".join(f"$ {formula} $\n\n inline ${formula}$" for formula in formulas)
    typst.compile(page.encode(), format="svg")


def check_mathml(text: str) -> ElementTree.Element:
    """Well-formed, only elements of MathML Core, each with as many children as it takes."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        name = element.tag.removeprefix(NAMESPACE)
        assert name in CORE
        assert name not in CHILDREN or len(element) == CHILDREN[name], ElementTree.tostring(element)
        assert name in ("mi", "mn", "mo", "mtext") or not (element.text or "").strip()
    return root


def test_every_kind_of_node_is_among_the_trees(trees: dict[str, Node]) -> None:
    seen: set[type[Node]] = set()
    pending = list(trees.values())
    while pending:
        node = pending.pop()
        seen.add(type(node))
        pending.extend(layout.parts(node))
    assert seen == set(Node.__subclasses__())
    assert set(trees) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_typst(name: str, trees: dict[str, Node]) -> None:
    assert write_typst(trees[name]) == EXPECTED[name]["typst"]


def test_typst_compiles(trees: dict[str, Node]) -> None:
    compile_typst(*(write_typst(tree) for tree in trees.values()))


@pytest.mark.parametrize("name", EXPECTED)
def test_speech(name: str, trees: dict[str, Node]) -> None:
    assert write_speech(trees[name]) == EXPECTED[name]["speech"]


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("display", [True, False])
def test_mathml(name: str, display: bool, trees: dict[str, Node]) -> None:
    root = check_mathml(write_mathml(trees[name], display))
    assert root.get("display") == ("block" if display else None)
    if name not in ("cases", "hostile"):  # these say "if", or hold such letters
        assert not re.search(r"\\|#|\bsup\b", "".join(root.itertext()))


def mathml_text(node: Node) -> str:
    return "".join(check_mathml(write_mathml(node, True)).itertext()).replace("\u2061", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("layer", "z(2)=W(2)a(1)+b(2)"),
        ("delta", "δ(1)=(W(2))Tδ(2)⊙σ′(z(1))"),
        ("declaration", "𝐖∈ℝh×d"),
        ("softmax", "yˆj=exp(oj)∑k=1qexp(ok)"),
        ("sum times", "(∑ixi)y"),
        ("minus a sum", "a−(b+x)"),
        ("second", "∂3L∂x2∂y"),
        ("alphabets", "ℒ,𝜹,𝟙,𝔤,ℋ,ab,d,Γ,ℓ,𝟎,𝐱𝐲,𝖠"),
    ],
)
def test_what_mathml_shows(name: str, text: str, trees: dict[str, Node]) -> None:
    assert mathml_text(trees[name]) == text


def test_mathml_keeps_hostile_text_as_text() -> None:
    evil = '<script>alert("1")</script>&amp;\x00'
    for node in (Word(evil), Text(evil), Number(evil), Tagged(Symbol("x"), evil), Styled("bold", Word(evil))):
        written = write_mathml(node, True)
        assert "<script" not in written
        assert "alert" in mathml_text(node) or isinstance(node, Styled)


LETTERS = st.sampled_from([*"abxWL#$&_^/\\\"'`~@<>{}()[]|:;,.!?*", r"\alpha", r"\nabla", r"\unheard", "é", "字", "𝔸"])
STRINGS = st.text(st.sampled_from('ab "\\#$/*[]()<>&;:,_^\n\t\x00é'), max_size=8)
LEAVES = (
    st.builds(Symbol, LETTERS)
    | st.builds(Word, STRINGS)
    | st.builds(Text, STRINGS)
    | st.builds(Number, st.sampled_from(["1", "0.5", "1,0", "1e-3", "."]))
)
FENCES = st.sampled_from(["(", ")", "[", "]", r"\{", r"\}", "|", r"\|", r"\langle", r"\rfloor", "."])


def composites(node: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """One level more."""
    some = st.lists(node, min_size=1, max_size=3)
    maybe = st.none() | node
    separator = st.sampled_from([",", ";", r"\quad", " and "])
    style = st.sampled_from(["bold", "upright", "calligraphic", "blackboard", "sans", "fraktur", "script", "italic"])
    accent = st.sampled_from(
        ["hat", "bar", "tilde", "vec", "dot", "ddot", "overline", "underline", "widehat", "widetilde"]
    )
    sums = st.lists(st.tuples(st.sampled_from(["+", "-", r"\pm"]), node), min_size=1, max_size=3)
    products = st.lists(st.tuples(st.sampled_from(["", r"\cdot", r"\odot", "/", "*"]), node), min_size=1, max_size=3)
    relations = st.lists(
        st.tuples(st.sampled_from(["=", ":=", "<", r"\mid", r"\leadsto"]), node), min_size=1, max_size=2
    )
    return st.one_of(
        st.builds(lambda s, b: Styled(s, b), style, node),
        st.builds(lambda a, b: Accented(a, b), accent, node),
        st.builds(Scripted, node, maybe, maybe, st.integers(0, 3)),
        st.builds(Fenced, FENCES, node, FENCES),
        sums.map(lambda terms: Sum(tuple(terms))),
        products.map(lambda factors: Product((("", factors[0][1]), *factors[1:]))),
        st.builds(Fraction, node, node),
        st.builds(Root, node, maybe),
        st.builds(Applied, st.builds(Word, STRINGS), node),
        st.builds(BigOperator, st.sampled_from([r"\sum", r"\int", r"\bigodot"]), maybe, maybe, node),
        st.builds(
            lambda s, o, v, t: Derivative(s, o, tuple(v), t),
            st.sampled_from([r"\partial", "d", r"\nabla"]),
            node,
            some,
            st.sampled_from(["fraction", "slash", "operator", "subscript"]),
        ),
        st.builds(lambda f, r: Relations(f, tuple(r)), maybe, relations),
        st.builds(lambda items, sep: Sequence(tuple(items), (sep,) * (len(items) - 1)), some, separator),
        st.builds(lambda e, rows: Rows(e, tuple(rows)), st.sampled_from(["align", "gather"]), some),
        st.builds(lambda values, c: Cases(tuple((v, c) for v in values)), some, maybe),
        st.builds(
            lambda e, row: Matrix(e, (tuple(row), tuple(row))), st.sampled_from(["pmatrix", "array", "Vmatrix"]), some
        ),
        st.builds(Tagged, node, STRINGS),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(LEAVES, composites, max_leaves=12))
def test_any_tree_can_be_written(tree: Node) -> None:
    compile_typst(write_typst(tree))
    check_mathml(write_mathml(tree, True))
    assert "\n" not in write_speech(tree)
    latex = re.sub(r"\\[^A-Za-z]", "", write_latex(tree))
    assert latex.count("{") == latex.count("}")


def test_a_node_that_no_writer_knows() -> None:
    class Novel(Node):
        """Not one of the tree's."""

    for write in (write_typst, write_speech, write_latex, lambda node: write_mathml(node, True)):
        with pytest.raises(TypeError, match="Novel"):
            write(Novel())
