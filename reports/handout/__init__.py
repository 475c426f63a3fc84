"""A handout of one document: PDF, TeX and HTML that say the same, the emitted code, and the verdicts as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["EngineFailed", "write_handout"]


class EngineFailed(Exception):
    """No TeX engine, or one that did not finish; with the lines of its log that say why."""


def write_handout(path: str | Path, output: Path, *, pdf_engine: str = "typst") -> Iterator[str]:
    """Write everything into the folder `output`; yields one line for each file written.

    Args:
        path: the document.
        output: a folder, made if need be.
        pdf_engine: "typst", which needs no TeX and gives an accessible PDF (PDF/UA-1), or "latex".

    Raises:
        UnreadableDocument: the document cannot be read.
        NotDifferentiable: it defines no loss.
        EngineFailed: LaTeX was asked for, and no TeX engine is installed, or it stopped.
    """
    from derive.calculus import NotDifferentiable
    from derive.check import check_documents, theory_of
    from derive.readers import read
    from reports import json
    from reports.handout import html, tex, typst
    from reports.handout.compose import MODULE, compose
    from reports.handout.experiment import experiment, lowered

    document = read(path)
    # document -> theory -> code -> verdicts, training -> content -> three writers
    theory = theory_of(document)
    if theory.loss is None:
        raise NotDifferentiable("no loss: a scalar that is defined from the network's output is needed")
    network = lowered(theory)
    report = check_documents([document])
    handout, drawings = compose(document, theory, report, network, experiment(network))
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
        "verdicts.json": json.write(report) + "\n",
    }
    if not isinstance(network, str):
        texts[MODULE] = network.source
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")
        yield f"wrote {output / name}"
    for name in drawings:
        yield f"wrote {figures / name}.pdf (for report.tex)"
