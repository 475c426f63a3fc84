"""The handout of the example page: what stands in it, in each of its formats, and that nothing in it is broken."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pypdf import PdfReader

from derive.check import theory_of
from derive.readers import read
from numeric import compile as compiled
from reports.handout import tex

HEADINGS = (
    "In short",
    "The network",
    "Forward pass",
    "Loss",
    "Derivation of the gradients",
    "The document’s formulas, one by one",
    "The network as code",
    "Training",
)
NEVER_CLOSED = {"meta", "link", "br", "img", "hr", "input"}


PdfText = Callable[[bytes], str]


def text_of(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def squeezed(text: str) -> str:
    return "".join(text.split())


class Page(HTMLParser):
    """Checks nesting; collects attributes, identifiers and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in NEVER_CLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="session")
def page(folder: Path) -> Page:
    parsed = Page()
    parsed.feed(text_of(folder, "report.html"))
    parsed.close()
    return parsed


@pytest.fixture(scope="session")
def tex_run(folder: Path, engine: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """The PDF of report.tex as it was written, and the log: the engine finds nothing but the folder's own files."""
    place = tmp_path_factory.mktemp("tex")
    source = text_of(folder, "report.tex")
    (place / "figures").mkdir()
    for figure in (folder / "figures").iterdir():
        (place / "figures" / figure.name).write_bytes(figure.read_bytes())
    return tex.run(source, {}, place)


def test_files(written: tuple[Path, tuple[str, ...]]) -> None:
    folder, lines = written
    names = {"report.pdf", "report.tex", "report.html", "network.py", "verdicts.json"}
    figures = {f"figures/{name}.pdf" for name in ("network", "loss", "surface", "starts")}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == names | figures
    assert len(lines) == len(found)
    assert all(any(name in line for line in lines) for name in found)


def test_code_is_what_numeric_compiles(folder: Path, root: Path, pdf_text: PdfText) -> None:
    source = compiled(theory_of(read(root / "examples/backpropagation.md"))).source
    assert text_of(folder, "network.py") == source
    assert squeezed("def gradients(parameters, X, y):") in pdf_text((folder / "report.pdf").read_bytes())


def test_verdicts_are_those_of_the_check(folder: Path) -> None:
    found = json.loads(text_of(folder, "verdicts.json"))
    assert found["summary"]["refuted"] == 2
    assert [formula["line"] for formula in found["documents"][0]["formulas"] if formula["verdict"] == "refuted"] == [
        93,
        157,
    ]


def test_pdf_says_everything(folder: Path, pdf_text: PdfText) -> None:
    text = pdf_text((folder / "report.pdf").read_bytes())
    for heading in (*HEADINGS, "Backpropagation on one page"):
        assert squeezed(heading) in text
    for words in ("refuted", "proved", "defined", "line 93", "line 157", "Counterexample:", "95 % confidence interval"):
        assert squeezed(words) in text
    assert not re.search(r"\\[a-z]+|\bquad\b|#text", text)


def test_pdf_is_accessible(folder: Path) -> None:
    """Tagged, titled, in a language, declared as PDF/UA-1, with words for every formula and figure."""
    reader = PdfReader(io.BytesIO((folder / "report.pdf").read_bytes()))
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert b"pdfuaid:part" in catalog["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "Backpropagation on one page"
    roles: dict[str, list[str]] = {"/Formula": [], "/Figure": []}
    pending = [catalog["/StructTreeRoot"]]
    while pending:
        element = pending.pop().get_object()
        if isinstance(element, list):
            pending.extend(element)
        elif isinstance(element, dict):
            if element.get("/S") in roles:
                roles[element["/S"]].append(str(element.get("/Alt", "")))
            if "/K" in element:
                pending.append(element["/K"])
    assert len(roles["/Formula"]) > 60
    assert len(roles["/Figure"]) == 4
    assert all(words for each in roles.values() for words in each)
    assert any("partial derivative of L with respect to" in words for words in roles["/Formula"])


def test_tex_compiles_without_a_complaint(tex_run: tuple[bytes, str], pdf_text: PdfText) -> None:
    data, log = tex_run
    assert not re.findall(
        r"^(?:Overfull|Underfull|LaTeX Warning|Package \w+ Warning|Missing character).*", log, re.MULTILINE
    )
    text = pdf_text(data)
    for words in (*HEADINGS[:5], "refuted", "proved", "line 93", "Counterexample:", "Training"):
        assert squeezed(words) in text
    assert "absent" not in text


def test_html_is_well_formed(page: Page) -> None:
    assert not page.open
    identifiers = [value for _, name, value in page.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    targets = {value for _, name, value in page.attributes if name in ("href", "xlink:href")}
    assert {target.removeprefix("#") for target in targets} <= set(identifiers)
    text = "".join(page.text)
    assert all(heading in text for heading in HEADINGS)
    assert {"math", "svg", "table"} <= page.tags


def test_html_stands_alone(folder: Path, page: Page) -> None:
    """No script, nothing loaded from anywhere: every reference is within the page, every URL a name of a vocabulary."""
    assert not page.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
    for tag, name, value in page.attributes:
        assert name not in ("src", "srcset", "action", "data", "background", "poster")
        assert not name.startswith("on")
        if name in ("href", "xlink:href"):
            assert value.startswith("#"), (tag, value)
        elif "//" in value:
            assert name in ("xmlns", "xmlns:xlink"), (tag, name, value)
            assert value.startswith("http://www.w3.org/")
    text = text_of(folder, "report.html")
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]{0,1})", text)) <= {"#"}


def test_html_knows_dark_pages_and_phones(folder: Path) -> None:
    text = text_of(folder, "report.html")
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text
    assert "currentColor" in text


def test_nothing_sticks_out_of_the_page_in_a_browser(folder: Path, chromium: str, tmp_path: Path) -> None:
    """At a phone's width the page itself never scrolls sideways; wide formulas scroll within their boxes."""
    measuring = (
        "<script>addEventListener('load', () => { const d = document.documentElement;"
        "const out = [...document.querySelectorAll('math, svg, table, pre')].filter(e => { const r = e.getBoundingClientRect();"
        "return r.right > d.clientWidth + 1 && !e.closest('.formula, .table') }).length;"
        "document.title = `wide ${d.scrollWidth - d.clientWidth} out ${out} math ${document.querySelectorAll('math').length}`"
        "})</script></body>"
    )
    copy = tmp_path / "measured.html"
    copy.write_text(text_of(folder, "report.html").replace("</body>", measuring), encoding="utf-8")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
         "--window-size=500,900", "--dump-dom", copy.as_uri()],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    title = re.search(r"<title>wide (-?\d+) out (\d+) math (\d+)</title>", done.stdout)
    assert title is not None, done.stdout[:400]
    assert (int(title[1]), int(title[2])) == (0, 0)
    assert int(title[3]) > 60


@pytest.mark.parametrize("name", ["report.tex", "report.html"])
def test_every_format_has_the_same_formulas_and_verdicts(folder: Path, name: str) -> None:
    """One content, three writers: as many badges in each."""
    verdicts = json.loads(text_of(folder, "verdicts.json"))["documents"][0]["formulas"]
    refuted = sum(formula["verdict"] == "refuted" for formula in verdicts)
    proved = sum(formula["verdict"] == "proved" for formula in verdicts)
    text = text_of(folder, name).partition(r"\begin{document}")[2] or text_of(folder, name)
    badge = {"report.tex": r"\\textbf\{%s\}", "report.html": r"</span> %s</span>"}[name]
    assert len(re.findall(badge % "refuted", text)) == refuted + 1  # the summary names each verdict once
    assert len(re.findall(badge % "proved", text)) == proved + 1
