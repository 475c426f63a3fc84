"""Parts of handouts: text that stays text, formulas that fit, counterexamples, layers, other pages."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from derive import wording
from derive.algebra.rules import RULES
from derive.calculus import NotDifferentiable
from derive.check import theory_of
from derive.matrices.plan import NoMatrixForm
from derive.network import network
from derive.notation.parser import parse
from derive.notation.tree import Matrix, Node, Relations, Rows, Symbol
from derive.readers import read
from derive.theory import Theory
from derive.verdicts import Counterexample, FormulaVerdict, Verdict
from reports.handout import html, tex, typst, write_handout
from reports.handout.content import (
    Badge,
    Block,
    Equation,
    Handout,
    Inline,
    Judgement,
    Lead,
    Listing,
    Literal,
    Paragraph,
    Plain,
    Section,
    Source,
    Step,
    Strong,
    Table,
)
from reports.handout.derivation import RULE_FORMULAS, derivation
from reports.handout.figures import draw_share
from reports.handout.highlight import lines
from reports.handout.judged import judgements
from reports.handout.layers import layers
from reports.handout.sentences import Sentences, shape_words
from reports.handout.wide import broken, settable, width

HOSTILE = (
    r"\input{/etc/passwd} \write18{id} <script>alert(1)</script> #eval(1) #panic() *_$%&~^{}[]@x <y> // /* */ `r` = "
    "- + 1. \\ \" ' -- --- ... \\end{document} &lt; ]]> --> $x$ \\( y \\)"
)


PdfText = Callable[[bytes], str]
Gradproof = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Outputs:
    """One handout by all writers."""

    typst: bytes
    tex: str
    html: str


def print_all(handout: Handout) -> Outputs:
    return Outputs(typst.pdf(handout, {}), tex.write(handout), html.write(handout, {}))


def hostile_handout() -> Handout:
    """The same text in every place that text of a document can reach."""
    words = (Plain(HOSTILE), Strong(HOSTILE), Literal(HOSTILE))
    formula = Equation(parse(r"a = b \text{ if } c"), words)
    blocks: tuple[Block, ...] = (
        Paragraph(words),
        Lead(HOSTILE),
        formula,
        Source(HOSTILE),
        Listing(f"x = 1  # {HOSTILE}\n'''{HOSTILE}'''\n"),
        Table((words, words), ((words, words),), HOSTILE),
        Step(1, words, formula, (words,)),
        Judgement(HOSTILE, "at-0-1-1", Verdict.REFUTED, (Source(HOSTILE),), True, (words,), (Paragraph(words),)),
        Judgement("line 2", "", Verdict.UNREAD, (Source(HOSTILE), formula), False),
    )
    return Handout(HOSTILE, words, (Section(HOSTILE, blocks),))


def test_hostile_text_stays_text(pdf_text: PdfText) -> None:
    found = print_all(hostile_handout())
    text = pdf_text(found.typst)
    assert text.count("<script>alert(1)</script>") >= 15
    assert text.count(r"\input{/etc/passwd}\write18{id}") >= 15
    assert text.count("#eval(1)#panic()*_$%&~^{}[]@x") >= 15
    assert "<script" not in found.html
    assert found.html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 20
    body = found.tex.partition(r"\begin{document}")[2]
    assert r"\input" not in body
    assert r"\write" not in body
    assert body.count(r"\end{document}") == 1


def test_hostile_text_stays_text_in_tex(engine: str, tmp_path: Path, pdf_text: PdfText) -> None:
    data, _ = tex.run(print_all(hostile_handout()).tex, {}, tmp_path)
    text = pdf_text(data)
    assert text.count("<script>alert(1)</script>") >= 10
    assert text.count(r"\input{/etc/passwd}\write18{id}") >= 10
    assert "root:x:0" not in text


def test_a_hostile_page(tmp_path: Path, pdf_text: PdfText) -> None:
    """Through the whole program: a title, prose and formulas that are none."""
    page = tmp_path / "hostile.md"
    page.write_text(
        '# \\input{x} #eval(1) * _ $ % & "q" 中\n\n$$\\input{/etc/passwd}$$\n\n$$z = w x + b$$\n\n'
        "$$L = \\frac{1}{2} (z - y)^2$$\n\n$$L \\quad \\text{#panic() <script> \\% \\$}$$\n\n$$z = {$$\n",
        encoding="utf-8",
    )
    written = list(write_handout(page, tmp_path / "out"))
    assert len(written) >= 5
    text = pdf_text((tmp_path / "out/report.pdf").read_bytes())
    assert r"\input{x}#eval(1)*_$%&" in text
    assert r"\input{/etc/passwd}" in text
    assert text.count("unread") >= 2
    assert "<script" not in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_characters_without_a_shape_become_squares(pdf_text: PdfText) -> None:
    """PDF/UA-1 refuses them, and the rest of the page must still be printed."""
    private = "\ue123"
    found = print_all(
        Handout(f"Title {private}", (), (Section("One", (Paragraph((Plain(f"before {private}after"),)),)),))
    )
    assert "before" in pdf_text(found.typst)
    assert private not in found.tex


@pytest.mark.parametrize(
    ("latex", "room", "rows"),
    [("a = b", 40, 0), ("a = b = c", 4, 2), ("a = b = c = d", 5, 3), (r"a = b \quad c = d \quad e = f", 8, 2)],
)
def test_wide_formulas_break(latex: str, room: float, rows: int) -> None:
    found = broken(parse(latex), room)
    assert (len(found.rows) if isinstance(found, Rows) else 0) == rows


def test_what_would_be_too_small_is_shown_as_typed() -> None:
    long = " + ".join(["a_{ij}"] * 200)
    assert not settable(parse(long), 40)
    formula = FormulaVerdict(1, 1, 1, True, long, Verdict.EXPRESSION)
    (entry,) = judgements([formula], Sentences())
    assert isinstance(entry.formulas[0], Source)
    assert "characters" in entry.formulas[0].text


@pytest.mark.parametrize(
    "latex",
    [r"\frac{a}{b}", r"\sum_{i=1}^n x_i", r"\sqrt{x}", "x_{i}^{2}", r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}"],
)
def test_widths_grow_with_what_is_added(latex: str) -> None:
    assert 0 < width(parse(latex)) < width(parse(f"{latex} + y"))


def refuted(line: int, counterexample: Counterexample | None, suggestions: Sequence[str] = ()) -> FormulaVerdict:
    return FormulaVerdict(
        line, 1, line, True, "a = b", Verdict.REFUTED, reason="the two sides differ",
        counterexample=counterexample, suggestions=tuple(suggestions),
    )  # fmt: skip


def values(**more: str) -> dict[str, str]:
    return {f"W^{{(1)}}_{{{i},{j}}}": f"{i}/{j + 4}" for i in (1, 2) for j in (1, 2, 3)} | more


def test_counterexamples_show_matrices() -> None:
    (entry,) = judgements([refuted(3, Counterexample(values(x="1/2"), "0.5", "-1.5e-4", "1, 2"))], Sentences())
    shown = next(block for block in entry.details if isinstance(block, Equation))
    first = shown.tree.items[0]  # type: ignore[attr-defined]
    assert isinstance(first, Relations)
    grid = first.rest[0][1]
    assert isinstance(grid, Matrix)
    assert [len(row) for row in grid.rows] == [3, 3]


def test_counterexamples_with_missing_entries_stay_entries() -> None:
    found = values()
    del found["W^{(1)}_{1,2}"]
    (entry,) = judgements([refuted(3, Counterexample(found, "1", "2"))], Sentences())
    assert not any("Matrix" in repr(block) for block in entry.details)
    assert "W" in repr(entry.details)


def test_values_shown_before_are_referred_to() -> None:
    first, second, third = judgements(
        [
            refuted(3, Counterexample(values(), "1", "2")),
            refuted(5, Counterexample(values(y="1/3"), "1", "2")),
            refuted(7, Counterexample(values(y="1/3") | {"W^{(1)}_{1,1}": "9"}, "1", "2")),
        ],
        Sentences(),
    )
    assert "Matrix" in repr(first.details)
    assert "line 3" in repr(second.details)
    assert "Matrix" not in repr(second.details)
    assert "Matrix" in repr(third.details)


def test_suggestions_are_shown_as_formulas() -> None:
    (entry,) = judgements([refuted(3, None, [r"\frac{a}{b}", r"\nonsense{"])], Sentences())
    assert [type(block).__name__ for block in entry.details] == ["Paragraph", "Lead", "Equation", "Lead", "Source"]


def test_neighbours_that_state_nothing_stand_together() -> None:
    small = [
        FormulaVerdict(line, 1, line, False, latex, Verdict.EXPRESSION)
        for line, latex in ((1, "a"), (2, "b"), (2, "a"))
    ]
    (entry,) = judgements(small, Sentences())
    assert entry.where == "lines 1–2"
    assert len(entry.formulas) == 2


def test_names_in_sentences() -> None:
    sentences = Sentences({"a": Symbol("a"), r"\delta": Symbol(r"\delta")})
    found = sentences.words(r"a stands in \delta, and a loss is 2 x 3 by n_1")
    assert [word.text for word in found if isinstance(word, Plain)] == [" stands in ", ", and a loss is 2 × 3 by "]
    assert sum(isinstance(word, Inline) for word in found) == 3
    assert len(shape_words("n_1 x 2")) == 1
    assert shape_words("a number of things") == (Plain("a number of things"),)


def test_code_is_coloured_without_loss() -> None:
    source = 'def f(x):\n    """Two\n    lines."""\n    return 2 * x  # half\n'
    assert "\n".join("".join(piece for _, piece in line) for line in lines(source)) + "\n" == source
    kinds = {kind for line in lines(source) for kind, _ in line}
    assert kinds == {"", "keyword", "name", "string", "number", "comment"}


@pytest.mark.parametrize(("sizes", "layout"), [((2, 3, 1), "columns"), ((4, "h", 2, "k"), "rows"), ((1, 1), "columns")])
@pytest.mark.parametrize("batch", [None, "m"])
def test_layers_of_built_networks(sizes: tuple[int | str, ...], layout: str, batch: str | None) -> None:
    found = layers(network(sizes=sizes, batch=batch, layout=layout))  # type: ignore[arg-type]
    assert [str(layer.units) for layer in found] == [str(size) for size in sizes]
    assert all(len(layer.parameters) == 2 for layer in found[1:])


@pytest.mark.parametrize(
    ("name", "units"),
    [("tanh-cross-entropy", "3 5 4 2"), ("linear-regression-rows", "d q"), ("one-neuron", "None None")],
)
def test_layers_of_pages(root: Path, name: str, units: str) -> None:
    found = layers(theory_of(read(root / f"tests/cases/{name}.md")))
    assert " ".join(str(layer.units) for layer in found) == units


def test_every_rule_is_set_as_mathematics() -> None:
    assert {rule.formula for rule in RULES.values()} == set(RULE_FORMULAS)
    for latex in RULE_FORMULAS.values():
        assert isinstance(parse(latex), Node)


def test_no_tex_engine(monkeypatch: pytest.MonkeyPatch, root: Path, gradproof: Gradproof, tmp_path: Path) -> None:
    """Said in a line, with status 2."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    run = gradproof("report", root / "tests/cases/one-neuron.md", "-o", tmp_path / "out", "--pdf-engine", "latex")
    assert run.returncode == 2
    assert "pdflatex" in run.stderr
    assert "Traceback" not in run.stderr


def test_no_loss(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("$$f(t) = t^2$$\n", encoding="utf-8")
    with pytest.raises(NotDifferentiable, match="loss"):
        list(write_handout(page, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_loss_that_cannot_be_lowered(tmp_path: Path, pdf_text: PdfText) -> None:
    """The handout says so, and holds the rest."""
    page = tmp_path / "page.md"
    page.write_text("With an input $x$:\n\n$$a = \\phi(x)$$\n\n$$L = (a - y)^2$$\n", encoding="utf-8")
    lines = list(write_handout(page, tmp_path / "out"))
    assert not any("network.py" in line for line in lines)
    assert "couldnotbeturnedintocode" in pdf_text((tmp_path / "out/report.pdf").read_bytes())


@pytest.mark.parametrize("error", [NotDifferentiable("no path to z^(1)"), NoMatrixForm("three axes")])
def test_a_derivation_that_fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A paragraph says so; the rest of the handout does not suffer."""

    def fail(theory: Theory) -> None:
        raise error

    monkeypatch.setattr(wording, "derivation", fail)
    blocks = list(derivation(network(), Sentences()))
    assert [type(block) for block in blocks] == [Paragraph, Paragraph]


@pytest.mark.parametrize("why", ["z^(1) stands in L itself", (Symbol("z"), " stands in ", Symbol("L"), " itself.")])
def test_reasons_are_sentences(monkeypatch: pytest.MonkeyPatch, why: str | tuple[str | Node, ...]) -> None:
    theory = network()
    name = next(iter(theory.definitions))
    step = SimpleNamespace(quantity=name, equation=parse("a = b"), shape="2 × 1", rules=("sum rule",), why=why)
    monkeypatch.setattr(wording, "derivation", lambda _: (step,))
    sentences = Sentences({"L": Symbol("L")})
    shown = next(block for block in derivation(theory, sentences) if isinstance(block, Step))
    reason = shown.notes[0]
    assert isinstance(reason[0], Inline)
    assert "".join(word.text for word in reason if isinstance(word, Plain)) == " stands in  itself."
    assert shown.notes[1][0] == Plain("Rules: sum. Shape: ")


def test_other_pages_say_why_nothing_was_trained_and_are_the_same_each_time(
    root: Path, tmp_path: Path, pdf_text: PdfText
) -> None:
    for folder in ("one", "two"):
        list(write_handout(root / "tests/cases/one-neuron.md", tmp_path / folder))
    names = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert Path("figures/network.pdf") in names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    text = pdf_text((tmp_path / "one/report.pdf").read_bytes())
    assert "wasnottrainedonthebuilt-indata" in text


def test_badges_never_speak_by_colour_alone(pdf_text: PdfText) -> None:
    for verdict in Verdict:
        found = print_all(Handout("T", (), (Section("S", (Paragraph((Badge(verdict),)),)),)))
        assert verdict.value in pdf_text(found.typst)
        assert verdict.value in found.html
        assert verdict.value in found.tex.partition(r"\begin{document}")[2]


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 0.9, 1.0 - 1e-16), (0.0, 1e-18, 0.1), (0.5, 0.4, 0.6)])
def test_a_share_at_an_end_of_its_interval_is_drawn(share: float, low: float, high: float) -> None:
    assert draw_share(share, low, high)
