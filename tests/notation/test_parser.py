"""The parser and the LaTeX writer as each other's inverse; what is malformed, where, and in which words."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation import errors
from derive.notation.errors import NotationError, NotationTooLarge
from derive.notation.latex import write_latex
from derive.notation.lexer import COMMANDS
from derive.notation.parser import parse
from derive.notation.tree import (
    Derivative,
    Differential,
    Fenced,
    Matrix,
    Node,
    Number,
    Product,
    Relations,
    Rows,
    Sequence,
    Symbol,
    Tagged,
    Text,
    Word,
)
from derive.readers import read

HERE = Path(__file__).parent
CASES: dict[str, tuple[str, str]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
MALFORMED: dict[str, tuple[str, int, str]] = json.loads((HERE / "malformed.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    source, expected = CASES[name]
    tree = parse(source)
    assert write_latex(tree) == expected
    assert parse(expected) == tree


@pytest.mark.parametrize("source", MALFORMED)
def test_malformed(source: str) -> None:
    kind, column, words = MALFORMED[source]
    with pytest.raises(getattr(errors, kind)) as caught:
        parse(source)
    assert type(caught.value).__name__ == kind
    assert words in caught.value.message
    assert caught.value.column == column


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back(data: st.DataObject, formulas: st.SearchStrategy[str]) -> None:
    tree = parse(data.draw(formulas))
    written = write_latex(tree)
    assert parse(written) == tree, written


def check_pages(folders: list[Path], least: int) -> None:
    """Every formula that can be read reads back from what is written of it."""
    count, changed = 0, []
    for folder in folders:
        for file in sorted(folder.glob("**/*.md")):
            if file.name in ("FORMAT.md", "README.md") or file.parent.name == "bad":
                continue
            for formula in read(file).formulas:
                tree = parse(formula.latex)
                count += 1
                if parse(write_latex(tree)) != tree:
                    changed.append((file.name, formula.place.line, formula.latex))
    assert count >= least
    assert not changed


def test_own_pages_read_back(root: Path) -> None:
    check_pages([root / "examples", root / "tests" / "cases"], 100)


def test_sample_pages_read_back(shared: Path) -> None:
    check_pages([shared / "seed", shared / "corpus"], 1000)


HOSTILE = [
    r"\input{/etc/passwd}",
    "}{",
    r"\end{document}",
    "$x$",
    "%",
    "#1",
    "^^5c",
    "~",
    r"\csname x\endcsname",
    "a&b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_document_stays_text(text: str) -> None:
    x = Symbol("x")
    nodes: list[Node] = [
        Symbol(text),
        Symbol(f"h_{{{text}}}"),
        Word(text),
        Text(text),
        Number(text),
        Tagged(x, text),
        Fenced(text, x, text),
        Rows(text, (x, x)),
        Matrix(text, ((x,),)),
        Relations(x, ((text, x),)),
        Product((("", x), (text, x))),
        Sequence((x, x), (text,)),
        Differential(text, x),
        Derivative(text, x, (x,)),  # type: ignore[arg-type]
    ]
    allowed = {*COMMANDS, "text", "left", "right", "tag", "begin", "end", "mathrel", "mathbin"}
    allowed |= {"textbackslash", "textasciicircum", "textasciitilde"}
    for node in nodes:
        written = write_latex(node)
        plain = re.sub(r"\\[^A-Za-z]", "", written)
        assert plain.count("{") == plain.count("}")
        assert set(re.findall(r"\\([A-Za-z]+)", written)) <= allowed
        assert not re.search(r"[$#%~]|\^\^", plain)
        assert re.findall(r"\\begin\{(\w+)\}", written) in ([], ["aligned"], ["matrix"])


def test_a_composed_name_is_written_as_it_is() -> None:
    for name in (r"h_{\theta}", r"\hat{y}_{\mathrm{out}}", r"\mathbf{w}_{j}"):
        assert write_latex(Symbol(name)) == name


@pytest.mark.parametrize("source", ["x" * 5_000_000, "\\" * 5_000_000, "x+" * 99_000], ids=["x", "backslash", "terms"])
def test_a_huge_formula_is_too_long(source: str) -> None:
    started = time.process_time()
    with pytest.raises(NotationTooLarge, match="too long"):
        parse(source)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "piece", ["{}", ". ", r"\sum", "x_{", "(", r"\hat", r"\bf ", r"\nabla", r"\\ + x", "x| ", r"\frac"]
)
def test_a_long_formula_takes_no_long_time(piece: str) -> None:
    """Either answer will do, but it comes soon and is no error of Python's own."""
    started = time.process_time()
    for source in (piece * 20_000, r"\begin{aligned} a" + piece * 20_000 + r"+ b \end{aligned}"):
        with contextlib.suppress(NotationError):
            parse(source)
    assert time.process_time() - started < 10
