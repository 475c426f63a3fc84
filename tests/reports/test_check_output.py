"""What a check says: JSON as the contract has it, the terminal's words and carets, GitHub's commands."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from derive.readers.document import Document, Formula, Place
from derive.verdicts import Counterexample, DocumentVerdicts, FormulaVerdict, Report, StatementVerdict, Verdict
from reports import github
from reports.json import write
from reports.places import summary_line
from reports.terminal import make_console, print_report

LATEX = r"\delta = \frac{\partial L}{\partial a} = (a - y) \cdot \sigma'(z)"
CLAIM = r"\frac{\partial L}{\partial a} = (a - y) \cdot \sigma'(z)"
LINES = ("Some words.", "", f"$${LATEX}$$", "", "> $$", "> b =", "> c^{^2", "> $$")


def document() -> Document:
    return Document(
        "notes.md",
        LINES,
        (
            Formula(LATEX, True, Place(3, 1), Place(3, len(LINES[2])), Place(3, 3)),
            Formula("\nb =\nc^{^2\n", True, Place(5, 3), Place(8, 4), Place(5, 5)),
        ),
    )


def report(*more: FormulaVerdict) -> Report:
    refuted = FormulaVerdict(
        3,
        1,
        3,
        True,
        LATEX,
        Verdict.REFUTED,
        reason="the two sides differ",
        counterexample=Counterexample({"a": "1/2", "y": "1/3"}, "1/6", "1/24", entry="1"),
        suggestions=(r"\frac{\partial L}{\partial z}",),
        statements=(
            StatementVerdict("definition", r"\delta = ...", Verdict.DEFINED),
            StatementVerdict(
                "claim", CLAIM, Verdict.REFUTED, "differ", column=LATEX.index(r"\frac"), shapes="2 x 3 by 2"
            ),
        ),
    )
    unread = FormulaVerdict(
        5,
        3,
        8,
        True,
        "\nb =\nc^{^2\n",
        Verdict.UNREAD,
        reason="nothing to raise",
        error_column="\nb =\nc^{^2".index("^2"),
    )
    proved = FormulaVerdict(9, 4, 9, False, "d = d", Verdict.PROVED, scope="all sizes")
    return Report((DocumentVerdicts("notes.md", (refuted, unread, proved, *more)),))


def printed(found: Report, color: bool = False, **options: bool) -> str:
    stream = io.StringIO()
    print_report(found, [document()], make_console(color, stream), **options)
    return stream.getvalue()


def test_json_has_the_keys_of_the_contract_and_no_others() -> None:
    found = json.loads(write(report()))
    assert list(found) == ["version", "documents", "summary"]
    assert found["version"] == 1
    (only,) = found["documents"]
    assert list(only) == ["path", "formulas"]
    keys = "line column end_line display latex verdict scope reading assumptions reason"
    keys += " counterexample suggestions statements"
    for formula in only["formulas"]:
        assert list(formula) == keys.split()
    first = only["formulas"][0]
    assert (first["line"], first["column"], first["end_line"], first["display"]) == (3, 1, 3, True)
    assert first["latex"] == LATEX
    assert first["counterexample"] == {"inputs": {"a": "1/2", "y": "1/3"}, "left": "1/6", "right": "1/24", "entry": "1"}
    assert first["statements"][1] == {"kind": "claim", "latex": CLAIM, "verdict": "refuted", "reason": "differ"}
    assert only["formulas"][2]["counterexample"] is None
    assert found["summary"] == {verdict.value: 0 for verdict in Verdict} | {"refuted": 1, "unread": 1, "proved": 1}


def test_json_adds_what_the_contract_has_no_place_for_only_where_it_is_said() -> None:
    found = json.loads(
        write(report(FormulaVerdict(1, 1, 1, True, "x", Verdict.DEFINED, cell=4, warning="not a derivative")))
    )
    last = found["documents"][0]["formulas"][-1]
    assert (last["cell"], last["warning"]) == (4, "not a derivative")


def test_carets_stand_under_the_claim_and_under_the_column_that_was_not_read() -> None:
    lines = printed(report()).splitlines()
    source = next(number for number, line in enumerate(lines) if LATEX in line)
    caret = lines[source + 1]
    assert caret.index("^") == lines[source].index(CLAIM)
    assert caret.count("^") + caret.count("~") == len(CLAIM)
    assert f"notes.md:3:{3 + LATEX.index(CLAIM)}: refuted: the two sides differ" in lines
    quoted = next(number for number, line in enumerate(lines) if "> c^{^2" in line)
    assert lines[quoted + 1].index("^") == lines[quoted].index("^2")
    assert any(line.startswith("notes.md:7:6: unread: nothing to raise") for line in lines)


def test_everything_that_was_found_is_printed() -> None:
    text = printed(report())
    for part in ("1/2", "1/3", "1/6", "1/24", "entry 1", r"\frac{\partial L}{\partial z}", "2 x 3 by 2"):
        assert part in text
    assert "d = d" not in text
    assert "notes.md:9:4: proved  d = d  (all sizes)" in printed(report(), verbose=True)


def test_every_verdict_is_counted() -> None:
    assert "3 formulas (2 displayed): 1 refuted, 1 unread, 1 proved" in printed(report())
    assert "1 of 2 displayed formulas with a definite verdict (50%)" in printed(report(), statistics=True)


@pytest.mark.parametrize(
    ("formulas", "said"),
    [
        ((), "no formulas found, so nothing was judged"),
        ((FormulaVerdict(1, 1, 1, True, "x = 1", Verdict.DEFINED),), "1 defined; nothing could be judged"),
        ((FormulaVerdict(1, 1, 1, True, "x", Verdict.UNKNOWN),), "1 unknown; nothing could be judged"),
    ],
)
def test_what_was_skipped_does_not_look_like_what_passed(formulas: tuple[FormulaVerdict, ...], said: str) -> None:
    assert summary_line(Report((DocumentVerdicts("a.md", formulas),))).endswith(said)


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in printed(report(), color=True)
    assert "\x1b[" not in printed(report(), color=False)
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    print_report(report(), [document()], make_console(None, stream))
    assert "\x1b[" not in stream.getvalue()


def test_a_document_cannot_command_the_terminal() -> None:
    hostile = FormulaVerdict(
        1, 1, 1, True, "x\x1b[2J", Verdict.UNKNOWN, reason="\x1b]0;title\x07 [bold]not markup[/bold] \u202e"
    )
    stream = io.StringIO()
    print_report(Report((DocumentVerdicts("a\x1b[31m.md", (hostile,)),)), [], make_console(False, stream))
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]not markup[/bold]" in text


def test_a_long_line_is_cut_around_the_place() -> None:
    latex = "x" * 300 + "!" + "y" * 300
    formula = Formula(latex, True, Place(1, 1), Place(1, 605), Place(1, 3))
    verdict = FormulaVerdict(1, 1, 1, True, latex, Verdict.UNREAD, error_column=300)
    stream = io.StringIO()
    print_report(
        Report((DocumentVerdicts("a.md", (verdict,)),)),
        [Document("a.md", (f"$${latex}$$",), (formula,))],
        make_console(False, stream),
    )
    lines = stream.getvalue().splitlines()
    source = next(line for line in lines if "!" in line)
    assert len(source) <= 120
    assert lines[lines.index(source) + 1].index("^") == source.index("!")


def test_github_commands_are_escaped() -> None:
    hostile = FormulaVerdict(2, 3, 4, True, "x", Verdict.UNKNOWN, reason="50%\n::error::fooled")
    first, second = github.write(Report((DocumentVerdicts("a,b:c.md", (hostile,)),))).splitlines()
    assert first == ("::warning file=a%2Cb%3Ac.md,line=2,endLine=4,col=3,title=unknown::50%25%0A::error::fooled")
    assert second.endswith("1 formula (1 displayed): 1 unknown; nothing could be judged")


def test_json_and_github_output_need_no_rich() -> None:
    code = "import sys, reports.json, reports.github, reports.terminal\n"
    code += "assert not {'rich', 'sympy', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_statistics_over_several_documents() -> None:
    def unknown(reason: str) -> FormulaVerdict:
        return FormulaVerdict(1, 1, 1, True, "x", Verdict.UNKNOWN, reason=reason)

    first = DocumentVerdicts("a.md", (unknown(r"\mathbf{W}^(1) is not defined"), unknown("y is not defined")))
    second = DocumentVerdicts(
        "b.md", (FormulaVerdict(1, 1, 1, True, "x = 1", Verdict.DEFINED), unknown("Q_k is not defined"))
    )
    said = printed(Report((first, second)), statistics=True)
    assert "together: 1 of 4 displayed formulas with a definite verdict (25%)" in said
    assert "displayed: 3 unknown, 1 defined" in said
    assert "    3  … is not defined" in said
