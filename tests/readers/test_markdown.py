"""Formulas in Markdown: case files, places checked by searching the text, and text that wants to break the reader."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derive.readers.document import Document, UnreadableDocument
from derive.readers.markdown import read_markdown

CASES = sorted((Path(__file__).parent / "markdown").glob("*.md"))
OPENERS = ("$", "\\[", "\\(", "\\\\[", "\\\\(", "\\begin{", "```", "~~~")


def rows(document: Document) -> list[list[object]]:
    return [[f.place.line, f.place.column, "display" if f.display else "inline", f.latex] for f in document.formulas]


def check_places(document: Document) -> None:
    """Each place holds a delimiter, each formula is found in the text where `latex_place` says."""
    for formula in document.formulas:
        line = document.lines[formula.place.line - 1]
        assert line[formula.place.column - 1 :].startswith(OPENERS), formula
        first = formula.latex.split("\n")[0].rstrip()
        inner = document.lines[formula.latex_place.line - 1]
        source = inner[formula.latex_place.column - 1 :]
        if line[formula.place.column - 1 :].startswith("\\\\"):  # the escapes of such pages are undone
            source, first = (re.sub(r"[\\\s]", "", text) for text in (source, first))
        assert source.startswith(first), formula
        assert (formula.end.line, formula.end.column) >= (formula.place.line, formula.place.column)
        assert formula.end.column <= max(1, len(document.lines[formula.end.line - 1]))


def test_there_are_cases() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case_files(case: Path) -> None:
    document = read_markdown(case.read_text(encoding="utf-8"), case.name)
    assert rows(document) == json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    check_places(document)


def test_every_dollar_of_the_samples_is_accounted_for(shared: Path) -> None:
    """A second opinion on finding them all: none of these pages has a dollar that is not a delimiter, but for `\\$`."""
    files = [f for folder in ("seed", "corpus", "wild") for f in (shared / folder).rglob("*.md")]
    assert len(files) >= 40
    for file in files:
        document = read_markdown(file.read_text(encoding="utf-8"), str(file))
        check_places(document)
        text = "\n".join(document.lines)
        if file.name in ("FORMAT.md", "README.md"):
            continue
        dollars = len(re.findall(r"(?<!\\)\$", text))
        doubled = text.count("\\\\(")
        display = sum(formula.display for formula in document.formulas)
        assert dollars + 2 * doubled == 4 * display + 2 * (len(document.formulas) - display), file


def test_display_formulas_stand_where_the_labels_say(shared: Path) -> None:
    seed = shared / "seed" / "backpropagation.md"
    document = read_markdown(seed.read_text(encoding="utf-8"))
    expected = {int(line) for line in json.loads((shared / "seed" / "expected.json").read_text())}
    assert {formula.place.line for formula in document.formulas if formula.display} == expected


def test_prose_around_a_formula() -> None:
    document = read_markdown("# Setup\n\nIf $y$ is\none-hot,\n$$\na\n$$\nwhere `c` is\ncode.\n\n$$b$$\n")
    y, a, b = document.formulas
    assert (y.before, y.after) == ("If", "is one-hot, $$ a $$ where `c` is code.")
    assert (a.before, a.after) == ("If $y$ is one-hot,", "where `c` is code.")
    assert (b.before, b.after) == ("", "")
    assert document.prose == "Setup\n\nIf $y$ is\none-hot,\n$$\na\n$$\nwhere  is\ncode.\n\n$$b$$"
    assert document.title == "Setup"
    assert [(s.title, s.level, s.place.line) for s in document.sections] == [("Setup", 1, 1)]


def test_escapes_of_pages_with_doubled_delimiters() -> None:
    document = read_markdown(r"Let \\(y \in \\{-1\_a\\}\\) and $\{a\_b\}$.")
    assert [f.latex for f in document.formulas] == [r"y \in  \{-1 _a \}", r"\{a\_b\}"]


def test_code_blocks_keep_their_language_and_place() -> None:
    document = read_markdown("- a\n\n  ```{.python .input}\n  x = 1\n  ```\n\ntext\n\n    y = 2\n\n~~~js\nz\n~~~\n")
    found = [(c.text, c.language, c.place.line, c.place.column) for c in document.code]
    assert found == [("x = 1\n", "python", 3, 3), ("y = 2\n", "", 9, 5), ("z\n", "js", 11, 1)]


def test_lines_keep_their_numbers_with_any_line_end() -> None:
    text = "a\n\n$x$\n$$\ny\n$$\n"
    plain = read_markdown(text)
    for other in (text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text):
        assert read_markdown(other) == plain


def test_empty() -> None:
    assert read_markdown("", "e.md") == Document(path="e.md", lines=(), formulas=())


HOSTILE = {
    "dollars": "$",
    "lone dollars": "$ ",
    "prices": "$5",
    "unclosed": "$$a ",
    "dollar rows": "$\n",
    "brackets": "\\[ a\n",
    "parentheses": "\\(",
    "doubled parentheses": "\\\\(",
    "environments": "\\begin{align} a\n",
    "environments apart": "\\begin{align}\n\na\n",
    "comments": "<!--\n\n",
    "attributes": '<a b="',
    "links": "](a",
    "quotations": "> ",
    "lists": "- ",
    "fences": "```python\n$$x$$\n",
    "backslashes": "\\",
    "tags": "<code>",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    times = []
    for size in (20_000, 160_000):
        text = unit * (size // len(unit))
        started = time.process_time()
        read_markdown(text)
        times.append(time.process_time() - started)
    assert times[1] <= 24 * times[0] + 0.3  # eight times the text; a quadratic reader would take 64 times as long


def test_many_backtick_runs_of_different_lengths() -> None:
    started = time.process_time()
    read_markdown(" ".join("`" * (n % 400 + 1) for n in range(20_000)) + " $x$")
    assert time.process_time() - started < 5


def test_five_megabytes_of_dollars() -> None:
    started = time.process_time()
    assert read_markdown("$" * 5_000_000 + "\n\n$$x\n\nand $y$\n").formulas[-1].latex == "y"
    assert time.process_time() - started < 5


def test_more_formulas_than_any_page_has() -> None:
    with pytest.raises(UnreadableDocument, match="100000 formulas"):
        read_markdown("$a$ " * 100_001, "many.md")


WORDS = r"$ $$ \[ \] \( \) \\( \\) ` ``` a x_1 5 \$ \ | <!-- --> <b> \begin{align} \end{align} é 𝟙 --- = [ ](u)"
PIECES = st.sampled_from(WORDS.split()) | st.sampled_from(
    ["\n", "\n\n", " ", "  ", "    ", "> ", "- ", "1. ", "+ ", "# ", "\t", "```math\n"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
@example(" ```math\n\t$")
def test_every_place_points_at_a_delimiter(text: str) -> None:
    document = read_markdown(text)
    check_places(document)
    places = [(f.place.line, f.place.column) for f in document.formulas]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["", "> ", "- ", "1. ", "# ", "text ", "| ", "  - ", "é "]),
    st.sampled_from([("$", "$"), ("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("\\\\(", "\\\\)")]),
    st.text(st.sampled_from("abW^{}_()+=. é"), min_size=1, max_size=12).filter(lambda s: s == s.strip() and s),
    st.sampled_from(["", " and so on.", ", b", " $5"]),
)
def test_a_formula_is_found_where_it_was_put(prefix: str, marks: tuple[str, str], latex: str, suffix: str) -> None:
    line = prefix + marks[0] + latex + marks[1] + suffix
    document = read_markdown("Before.\n\n" + line + "\n\nAfter.\n")
    assert [(f.latex, f.place.line, f.place.column) for f in document.formulas] == [(latex, 3, len(prefix) + 1)]
    assert document.formulas[0].display == (marks[0] in ("$$", "\\["))
