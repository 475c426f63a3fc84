"""A handout of one document: PDF, TeX and HTML that say the same, the emitted code, and the verdicts as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["write_handout"]


def write_handout(path: str | Path, output: Path, *, pdf_engine: str = "typst") -> Iterator[str]:
    """Write everything into the folder `output`; yields one line for each file written.

    Args:
        path: the document.
        output: a folder, made if need be.
        pdf_engine: "typst", which needs no TeX and gives an accessible PDF (PDF/UA-1), or "latex".

    Raises:
        UnreadableDocument: the document cannot be read.
        NotDifferentiable, NotLowerable: it defines no loss, or none that can be lowered to code.
    """
    from derive.check import check_documents, theory_of
    from derive.readers import read
    from numeric import compile as compiled
    from reports import json
    from reports.handout import html, tex, typst
    from reports.handout.compose import MODULE, compose
    from reports.handout.experiment import experiment

    document = read(path)
    # document -> theory -> code -> verdicts, training -> content -> three writers
    theory = theory_of(document)
    network = compiled(theory)
    report = check_documents([document])
    handout, drawings = compose(document, theory, report, network.source, experiment(theory, network))
    output.mkdir(parents=True, exist_ok=True)
    figures = output / "figures"
    if drawings:
        figures.mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        (figures / f"{name}.pdf").write_bytes(drawing.pdf)
    source = tex.write(handout)
    pdf = typst.pdf(handout, drawings) if pdf_engine == "typst" else tex.pdf(source, drawings)
    (output / "report.pdf").write_bytes(pdf)
    yield f"wrote {output / 'report.pdf'}"
    texts = {
        "report.tex": source,
        "report.html": html.write(handout, drawings),
        MODULE: network.source,
        "verdicts.json": json.write(report) + "\n",
    }
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")
        yield f"wrote {output / name}"
    for name in drawings:
        yield f"wrote {figures / name}.pdf (for report.tex)"
