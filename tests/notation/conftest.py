"""Trees for the writers, built by hand: every kind of node, and the formulas that notes on backpropagation have."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from derive.notation.tree import (
    Accented,
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Differential,
    Ellipsis,  # noqa: A004
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


def s(text: str) -> Symbol:
    return Symbol(text)


def n(text: str) -> Number:
    return Number(text)


def par(body: Node) -> Fenced:
    return Fenced("(", body, ")")


def layer(name: Node | str, index: str) -> Scripted:
    return Scripted(s(name) if isinstance(name, str) else name, sup=par(n(index)))


def times(*nodes: Node, sign: str = "") -> Product:
    return Product(tuple(("" if i == 0 else sign, node) for i, node in enumerate(nodes)))


def plus(*nodes: Node) -> Sum:
    return Sum(tuple(("+", node) for node in nodes))


def minus(left: Node, right: Node) -> Sum:
    return Sum((("+", left), ("-", right)))


def equal(*nodes: Node) -> Relations:
    return Relations(nodes[0], tuple(("=", node) for node in nodes[1:]))


def partial(above: Node, *below: Node) -> Derivative:
    return Derivative(r"\partial", above, below)


def commas(*nodes: Node) -> Sequence:
    return Sequence(nodes, (",",) * (len(nodes) - 1))


a, b, x, y, z = map(s, "abxyz")
W2, z1, d2 = layer("W", "2"), layer("z", "1"), layer(r"\delta", "2")
prime = times(Scripted(s(r"\sigma"), primes=1), par(z1))
bold = Styled("bold", s("W"))

TREES: dict[str, Node] = {
    "layer": equal(layer("z", "2"), plus(times(W2, layer("a", "1")), layer("b", "2"))),
    "delta": equal(layer(r"\delta", "1"), Product((("", times(Scripted(par(W2), sup=s("T")), d2)), (r"\odot", prime)))),
    "transposes": commas(
        Scripted(W2, sup=s(r"\top")),
        Scripted(s("W"), sup=times(par(s("l")), s("T"))),
        Scripted(s("X"), sup=Styled("sans", s("T"))),
    ),
    "double scripts": Scripted(Scripted(s("W"), sub=times(s("j"), s("k")), sup=par(plus(s("l"), n("1")))), sup=s("T")),
    "partial": equal(
        partial(s("L"), W2), times(partial(s("L"), layer("a", "2")), partial(layer("a", "2"), W2), sign=r"\cdot")
    ),
    "derivative of a call": partial(times(s("l"), par(commas(s("o"), y))), Scripted(s("o"), sub=s("t"))),
    "slash": Derivative(r"\partial", s("L"), (s("W"),), "slash"),
    "operator": Derivative("d", times(s("f"), par(x)), (x,), "operator"),
    "second": Derivative(r"\partial", s("L"), (x, x, y)),
    "total": Derivative("d", s("L"), (z,)),
    "nabla": equal(Derivative(r"\nabla", times(s("J"), par(s(r"\theta"))), (s(r"\theta"),), "subscript"), n("0")),
    "subscripted": Derivative(r"\partial", s("l"), (Styled("bold", s("w")), Styled("bold", s("w"))), "subscript"),
    "differentials": Fraction(
        Differential(r"\partial", s("l")), times(s("T"), Differential(r"\partial", s("o")), sign=r"\cdot")
    ),
    "softmax": equal(
        Scripted(Accented("hat", y), sub=s("j")),
        Fraction(
            Applied(Word("exp"), par(Scripted(s("o"), sub=s("j")))),
            BigOperator(
                r"\sum", equal(s("k"), n("1")), s("q"), Applied(Word("exp"), par(Scripted(s("o"), sub=s("k"))))
            ),
        ),
    ),
    "cross-entropy": equal(
        s("L"),
        Sum(
            (
                (
                    "-",
                    BigOperator(
                        r"\sum",
                        s("k"),
                        None,
                        times(Scripted(y, sub=s("k")), Applied(Word("log"), Scripted(s("p"), sub=s("k")))),
                    ),
                ),
            )
        ),
    ),
    "sum times": times(BigOperator(r"\sum", s("i"), None, Scripted(x, sub=s("i"))), y),
    "sigmoid": equal(
        times(s(r"\sigma"), par(x)), Fraction(n("1"), plus(n("1"), Scripted(s("e"), sup=Sum((("-", x),)))))
    ),
    "norms": equal(
        s("s"),
        times(
            Fraction(s(r"\lambda"), n("2")),
            Scripted(Fenced(r"\|", Styled("bold", s("W")), r"\|"), sub=Styled("upright", s("F")), sup=n("2")),
        ),
    ),
    "fences": commas(
        Fenced("|", plus(x, y), "|"),
        Fenced(r"\lfloor", x, r"\rfloor"),
        Fenced(r"\langle", commas(x, y), r"\rangle"),
        Fenced("[", commas(n("0"), n("1")), ")"),
        Fenced(r"\{", commas(n("0"), Fraction(n("1"), n("2"))), r"\}"),
        Fenced(".", Fraction(a, b), "|"),
        Fenced(r"\lceil", x, r"\rceil"),
    ),
    "cases": equal(
        Applied(Word("ReLU"), par(x)),
        Cases(((x, Relations(x, ((">", n("0")),))), (n("0"), None), (n("1"), Text("when x is odd")))),
    ),
    "matrix": equal(s("A"), Matrix("bmatrix", ((a, b), (Ellipsis(r"\cdots"), Fraction(n("1"), n("2")))))),
    "determinant": times(
        Matrix("vmatrix", ((a, b), (x, y))), Matrix("pmatrix", ((a,), (b,))), Matrix("array", ((commas(a, b), x),))
    ),
    "rows": Rows(
        "align",
        (
            equal(s("L"), Fraction(n("1"), n("2"))),
            Relations(None, (("=", plus(a, b)), (r"\leq", x))),
            Tagged(Sequence((equal(x, y), equal(a, b)), (r"\quad",)), "BP1"),
        ),
    ),
    "nested rows": Fenced(r"\{", Rows("aligned", (equal(x, Fraction(a, b)), equal(y, b))), "."),
    "gathered": Rows("gather", (equal(x, y), plus(a, b, x))),
    "tagged": Tagged(equal(d2, prime), "BP1"),
    "declaration": Relations(
        bold, ((r"\in", Scripted(Styled("blackboard", s("R")), sup=times(s("h"), s("d"), sign=r"\times"))),)
    ),
    "update": Relations(
        s("W"),
        ((r"\leftarrow", minus(s("W"), times(s(r"\eta"), Derivative(r"\nabla", s("L"), (s("W"),), "subscript")))),),
    ),
    "words": equal(times(Word("softmax"), par(z)), times(Word("ReLU"), x), Scripted(Word("loss"), sub=Word("total"))),
    "limits": equal(
        Scripted(s("k"), sup=s("*")),
        Applied(Scripted(Word("argmax"), sub=s("k")), Scripted(z, sub=s("k"))),
        Applied(Scripted(Word("log"), sub=n("2")), x),
        Applied(Scripted(Word("tanh"), sup=n("2")), par(x)),
    ),
    "prose": Sequence((Text("for all "), Relations(s("i"), ((r"\neq", s("j")),)), equal(a, b)), (" and ", ";")),
    "list": equal(s("i"), commas(n("1"), Ellipsis(r"\ldots"), s("n"))),
    "alphabets": commas(
        Styled("calligraphic", s("L")),
        Styled("bold", s(r"\delta")),
        Styled("blackboard", n("1")),
        Styled("fraktur", s("g")),
        Styled("script", s("H")),
        Styled("italic", Word("ab")),
        Styled("upright", s("d")),
        s(r"\Gamma"),
        s(r"\ell"),
        Styled("bold", n("0")),
        Styled("bold", times(x, y)),
        Styled("sans", s("A")),
    ),
    "accents": commas(
        *(
            Accented(accent, x)
            for accent in ("hat", "bar", "tilde", "vec", "overleftarrow", "dot", "ddot", "check", "breve")
        ),
        *(Accented(accent, times(x, y)) for accent in ("overline", "underline", "widehat", "widetilde")),
    ),
    "roots": times(Root(plus(Scripted(x, sup=n("2")), s(r"\epsilon"))), Root(x, n("3")), Root(Fraction(a, b), s("n"))),
    "no fences given": times(
        plus(a, b),
        Scripted(minus(x, y), sup=n("2")),
        Fraction(plus(a, b), minus(x, y)),
        Sum((("-", z),)),
        sign=r"\cdot",
    ),
    "minus a sum": minus(a, plus(b, x)),
    "quotient": Product((("", a), ("/", times(b, x)), (r"\cdot", Applied(Word("log"), y)))),
    "log before a factor": times(Applied(Word("log"), x), y),
    "hostile": commas(
        Word('a"b\\'),
        Word("#eval(1)"),
        Text("$x$ <b>&amp; \\end{x}"),
        Symbol("#"),
        Symbol("$"),
        Symbol("&"),
        Symbol("<"),
        Symbol(r"\input"),
        Symbol('"'),
        Symbol("\\\\"),
        Symbol("_"),
        Symbol("^"),
        Symbol("/"),
        Symbol(";"),
        Symbol(":"),
        Number("1,000"),
        Symbol("@"),
        Symbol("`"),
        Symbol("~"),
        Symbol("'"),
        Symbol("("),
        Symbol("}"),
        Symbol("λ"),
        Symbol("é"),
        Symbol("字"),
        Word("__import__('os')"),
        Tagged(x, '"#x<'),
    ),
    "hostile arguments": Fraction(commas(Text("a"), Symbol(":"), x), Sequence((a, b), (";",))),
    "integral": BigOperator(r"\int", n("0"), s(r"\infty"), times(s("f"), par(x), Differential("d", x))),
    "powers": plus(
        Scripted(s("A"), sup=Sum((("-", n("1")),))),
        Scripted(s("A"), sup=Sum((("-", s("T")),))),
        Scripted(n("2"), sup=s("n")),
    ),
    "many primes": commas(
        Scripted(s("f"), primes=2),
        Scripted(s("f"), primes=1, sup=par(n("2"))),
        Scripted(s("g"), sup=times(Fenced("[", n("1"), "]"), s(r"\prime"))),
    ),
    "given": times(s("P"), par(Relations(y, ((r"\mid", commas(x, s(r"\theta"))),)))),
    "relations": Relations(
        a,
        tuple(
            (r, b)
            for r in (":=", r"\approx", "-=", "+=", r"\sim", r"\propto", r"\ll", r"\implies", r"\iff", r"\triangleq")
        ),
    ),
}


@pytest.fixture(scope="session")
def trees() -> dict[str, Node]:
    """Formulas by name."""
    return TREES


def _letters() -> st.SearchStrategy[str]:
    plain = st.sampled_from(["x", "y", "W", "b", "L", "2", "0.5", r"\delta", r"\theta", r"\ell"])
    dressed = st.sampled_from([r"\mathbf{W}", r"\boldsymbol{\delta}", r"\hat{y}", r"\mathcal{L}", r"\bar{x}"])
    return plain | dressed


def _factors(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One factor around any part."""
    letter = st.sampled_from(["x", "W", r"\delta", r"\mathbf{a}", r"\sigma'"])
    return st.one_of(
        st.builds("{}_{{{}}}".format, letter, part),
        st.builds("{}^{{({})}}".format, letter, part),
        st.builds("{}_{{{}}}^\\top".format, letter, part),
        st.builds("({})".format, part),
        st.builds("({})^2".format, part),
        st.builds(r"\lVert {} \rVert_2".format, part),
        st.builds(r"\left[ {} \right]".format, part),
        st.builds(r"\frac{{{}}}{{{}}}".format, part, part),
        st.builds(r"\sqrt{{{}}}".format, part),
        st.builds(r"\frac{{\partial ({})}}{{\partial {}}}".format, part, letter),
        st.builds(r"f({}, {})".format, part, part),
        st.builds(r"\operatorname{{softmax}}({})".format, part),
    )


def _sums(factor: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Terms of factors, the last factor of each perhaps a function or a sum over all that follows."""
    head = st.sampled_from(["", r"\log ", r"\sum_{i=1}^n ", r"\sum_j -", r"\nabla_W ", r"\tanh^2 ", r"\max_k "])
    last = st.builds("{}{}".format, head, factor)
    product = st.lists(st.tuples(factor, st.sampled_from([" ", r" \cdot ", r" \odot ", r" \cdot -"])), max_size=2)
    term = st.builds(lambda before, end: "".join(f"{f}{sign}" for f, sign in before) + end, product, last)
    more = st.lists(st.tuples(st.sampled_from([" + ", " - "]), term), max_size=2)
    signed = st.builds("{}{}".format, st.sampled_from(["", "-"]), term)
    return st.builds(lambda first, rest: first + "".join(sign + t for sign, t in rest), signed, more)


@pytest.fixture(scope="session")
def formulas() -> st.SearchStrategy[str]:
    """LaTeX as authors write it: sums and products nested in scripts, fractions, functions, rows, cases and matrices."""
    expression = st.recursive(_letters(), lambda part: _sums(_factors(part)), max_leaves=8)
    relation = st.builds("{} {} {}".format, expression, st.sampled_from(["=", r"\leq", r"\in", ":="]), expression)
    return st.one_of(
        expression,
        relation,
        st.builds(r"{}, \quad {}".format, relation, relation),
        st.builds(r"\begin{{aligned}} {} \\ &= {} \end{{aligned}}".format, relation, expression),
        st.builds(
            r"\begin{{cases}} {} & \text{{if }} {} \\ {} & \text{{otherwise}} \end{{cases}}".format,
            expression,
            relation,
            expression,
        ),
        st.builds(r"\begin{{bmatrix}} {} & {} \end{{bmatrix}}".format, expression, expression),
    )
