r"""A handout as LaTeX that pdflatex and lualatex compile unchanged.

Text of a document passes through `text`, which leaves no character with a meaning to TeX; formulas come from
`derive.notation.latex`, which writes only commands of its own table.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from derive.notation.latex import write_latex
from derive.verdicts import Verdict
from reports.handout import EngineFailed
from reports.handout.content import (
    Badge,
    Block,
    Equation,
    Handout,
    Inline,
    Judgement,
    Lead,
    Link,
    Listing,
    Literal,
    Paragraph,
    Picture,
    Plain,
    Source,
    Step,
    Strong,
    Table,
    Words,
    tone,
)
from reports.handout.figures import Drawing
from reports.handout.highlight import lines
from reports.handout.wide import broken

_ROOM, _JUDGED_ROOM = 40.0, 28.0
_SECONDS = 120
_LONGEST_WHOLE = 24
"""A table with more rows may break across pages."""
_SIGNS = {Verdict.PROVED: r"\tick", Verdict.REFUTED: r"\cross", Verdict.UNKNOWN: r"\doubt", Verdict.UNREAD: r"\doubt"}


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",
    "\u00a0": "~",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "⊙": r"$\odot$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": r"$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "∂": r"$\partial$",
    "∇": r"$\nabla$",
    "ℝ": r"$\mathbb{R}$",
    "→": r"$\to$",
    "∈": r"$\in$",
    "□": r"$\square$",
}
_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "varepsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "varphi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
_LETTERS = set("ıŁłŃńŇňŌōŐőŒœŘřŚśŞşŠšŤťŮůŰűŹźŻżŽžĂăĄąĆćČčĎďĐđĘęĚěĞğĹĺĽľŢţŸ")
"""Beyond Latin-1, what the T1 encoding has."""


def text(plain: str) -> str:
    r"""Text as TeX that prints it, whatever it holds.

    >>> text(r"50 % of \input{x} & σ")
    '50 \\% of \\textbackslash{}input\\{x\\} \\& $\\sigma$'
    """
    return "".join(_character(c) for c in unicodedata.normalize("NFC", plain))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _GREEK:
        return f"$\\{_GREEK[character]}$"
    if character.isspace():
        return " "
    code = ord(character)
    if 0x20 <= code < 0x7F or 0xC0 <= code <= 0xFF or character in _LETTERS or character in "¡¿£§©®°±µ¶«»":
        return character
    return f"\\absent{{{code:04X}}}" if character.isprintable() else ""


def write(handout: Handout) -> str:
    """The handout as LaTeX source, which expects its figures in `figures/`."""
    preamble = files("reports").joinpath("templates/handout.tex").read_text(encoding="utf-8")
    parts = [
        preamble,
        f"\\hypersetup{{pdftitle={{{text(handout.title)}}}}}",
        r"\begin{document}",
        f"\\opening{{{text(handout.title)}}}{{{_words(handout.subtitle)}}}",
    ]
    for section in handout.sections:
        parts.append(f"\n\\heading{{{text(section.title)}}}")
        parts.extend(_block(block) for block in section.blocks)
    parts.append("\\end{document}\n")
    return "\n".join(parts)


def _words(words: Words) -> str:
    return "".join(_word(word) for word in words)


def _word(word: Plain | Strong | Literal | Inline | Badge | Link) -> str:
    match word:
        case Plain(text=plain):
            return text(plain)
        case Strong(text=plain):
            return f"\\textbf{{{text(plain)}}}"
        case Literal(text=plain):
            return f"\\code{{{_breakable(plain)}}}"
        case Inline(tree=tree):
            return f"${write_latex(tree)}$"
        case Badge(verdict=verdict):
            sign = _SIGNS.get(verdict, "")
            said = f"\\textbf{{{verdict.value}}}" if sign else verdict.value
            return f"\\badge{{{tone(verdict)}}}{{{sign}}}{{{said}}}"
        case Link(text=plain, target=target):
            return f"\\hyperlink{{{target}}}{{\\textcolor{{follow}}{{{text(plain)}}}}}"


def _breakable(plain: str) -> str:
    """Source within a line may be cut after any sign or bracket."""
    return "".join(_character(c) + (r"\allowbreak{}" if not c.isalnum() and c != " " else "") for c in plain)


def _block(block: Block, room: float = _ROOM) -> str:
    match block:
        case Paragraph(words=words):
            return f"{_words(words)}\\par"
        case Lead(text=plain):
            return f"\\textbf{{{text(plain)}}}\\par\\nopagebreak "
        case Equation():
            return _display(block, room)
        case Source(text=plain):
            return f"{{\\small\\raggedright\\code{{{_breakable(plain)}}}\\par}}"
        case Listing(text=plain):
            return _listing(plain)
        case Table():
            return _table(block)
        case Picture():
            return f"\\drawing{{{block.share:g}}}{{{block.name}}}{{{_words(block.caption)}}}"
        case Step():
            notes = r"\par ".join(_words(note) for note in block.notes)
            return f"\\step{{{block.number}}}{{{_words(block.title)}}}{{{_display(block.equation, room)}}}{{{notes}}}"
        case Judgement():
            return _judgement(block)


def _display(equation: Equation, room: float, command: str = "display") -> str:
    formula = write_latex(broken(equation.tree, room))
    if equation.note and command == "display":
        return f"\\displaynoted{{{formula}}}{{{_words(equation.note)}}}"
    return f"\\{command}{{{formula}}}"


def _listing(source: str) -> str:
    written = []
    for line in lines(source.strip("\n")):
        if not line:
            written.append(r"\codebreak")
            continue
        plain = "".join(piece for _, piece in line)
        indent = len(plain) - len(plain.lstrip(" "))
        left, parts = indent, []
        for kind, piece in line:
            shown = piece[left:]
            left = max(0, left - len(piece))
            coded = _coded(shown)
            parts.append(f"\\textcolor{{{_TEX_COLORS[kind]}}}{{{coded}}}" if kind and coded else coded)
        written.append(f"\\codeline{{{indent}}}{{{''.join(parts)}}}")
    return "\\begin{listing}\n" + "\n".join(written) + "\n\\end{listing}"


_TEX_COLORS = {"keyword": "keyword", "name": "follow", "number": "number", "string": "string", "comment": "quiet"}


def _coded(piece: str) -> str:
    return re.sub(r"  +", lambda run: r"\ " * len(run[0]), "".join(_character(c) if c != " " else " " for c in piece))


def _table(table: Table) -> str:
    widest = max(
        range(len(table.head)), key=lambda column: max((_length(row[column]) for row in table.rows), default=0)
    )
    long = max((_length(row[widest]) for row in table.rows), default=0) > 45
    columns = "".join(
        "r"
        if column in table.numeric
        else ">{\\raggedright\\arraybackslash}p{95mm}"
        if long and column == widest
        else "l"
        for column in range(len(table.head))
    )
    head = " & ".join(f"\\textbf{{{_words(cell)}}}" for cell in table.head)
    rows = "\n".join(" & ".join(_words(cell) for cell in row) + r" \\" for row in table.rows)
    caption = f"{{\\color{{quiet}}{text(table.caption)}}}"
    if len(table.rows) <= _LONGEST_WHOLE:
        stretch = "1.7" if table.spacious else "1.1"
        return f"\\whole[{stretch}]{{{caption}}}{{{columns}}}{{{head} \\\\\\midrule\n{rows}\n\\bottomrule}}"
    return (
        f"{{\\small\\begin{{longtable}}{{{columns}}}\n\\multicolumn{{{len(table.head)}}}{{c}}{{{caption}}} \\\\[4pt]\n"
        f"{head} \\\\\\midrule\\endhead\n{rows}\n\\bottomrule\n\\end{{longtable}}}}"
    )


def _length(words: Words) -> int:
    return sum(len(getattr(word, "text", "xxxx")) for word in words)


def _judgement(judgement: Judgement) -> str:
    if judgement.display:
        formulas = " ".join(_flush(formula) for formula in judgement.formulas)
    else:
        formulas = r"\hspace{1.1em plus 0.4em} ".join(_within(formula) for formula in judgement.formulas) + r"\par"
    notes = "".join(f"{{\\color{{quiet}}{_words(note)}\\par}}" for note in judgement.notes)
    where = text(judgement.where)
    if judgement.target:
        where = f"\\hypertarget{{{judgement.target}}}{{{where}}}"
    badge = _word(Badge(judgement.verdict))
    if judgement.details:
        details = notes + "\n".join(_detail(block) for block in judgement.details)
        return f"\\faulty{{{tone(judgement.verdict)}}}{{{where}}}{{{badge}}}{{{formulas}}}{{{details}}}"
    return f"\\judged{{{where}}}{{{badge}}}{{{formulas}}}{{{notes}}}"


def _flush(formula: Equation | Source) -> str:
    return _display(formula, _JUDGED_ROOM, "flush") if isinstance(formula, Equation) else _block(formula)


def _detail(block: Block) -> str:
    return _flush(block) if isinstance(block, Equation) else _block(block)


def _within(formula: Equation | Source) -> str:
    return (
        f"${write_latex(formula.tree)}$" if isinstance(formula, Equation) else f"\\code{{{_breakable(formula.text)}}}"
    )


def pdf(source: str, drawings: Mapping[str, Drawing]) -> bytes:
    """The PDF that a TeX engine makes of the source, without shell escape, in a folder of its own.

    Raises:
        EngineFailed: no engine is installed, or it stopped or took too long.
    """
    with TemporaryDirectory() as folder:
        return run(source, drawings, Path(folder))[0]


def run(source: str, drawings: Mapping[str, Drawing], folder: Path) -> tuple[bytes, str]:
    """The PDF and the log of a TeX engine."""
    engine = next((found for name in ("pdflatex", "lualatex") if (found := shutil.which(name))), None)
    if engine is None:
        raise EngineFailed("neither pdflatex nor lualatex is installed; --pdf-engine typst needs no TeX")
    (folder / "figures").mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        (folder / "figures" / f"{name}.pdf").write_bytes(drawing.pdf)
    (folder / "report.tex").write_text(source, encoding="utf-8")
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    # p: TeX opens files only in and below this folder. Dates come from the source's settings alone.
    environment = {**os.environ, "openin_any": "p", "openout_any": "p", "max_print_line": "1000"}
    for _ in range(2):  # the second run knows the widths of long tables
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise EngineFailed(f"{engine} took longer than {_SECONDS} s") from error
        log_file = folder / "report.log"
        log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
        if done.returncode:
            raise EngineFailed(f"{engine} stopped: {_why(log)}")
    return (folder / "report.pdf").read_bytes(), log


def _why(log: str) -> str:
    at = re.search(r"^! .*(?:\n.*){0,4}", log, flags=re.MULTILINE)
    return " ".join(at[0].split()) if at else "its log says nothing"
