"""Every formula of the sample pages that can be read can be written: Typst compiles it, MathML is well-formed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import typst

from derive.notation.errors import NotationError
from derive.notation.mathml import write_mathml
from derive.notation.parser import parse
from derive.notation.speech import write_speech
from derive.notation.tree import Node
from derive.notation.typst import write_typst
from derive.readers import read


def formulas(shared: Path, *folders: str) -> tuple[list[tuple[str, Node]], list[str]]:
    """Each formula with where it stands, and the places of those that the parser refuses."""
    trees, refused = [], []
    for folder in folders:
        for file in sorted((shared / folder).rglob("*.*")):
            if file.suffix not in (".md", ".rst") or file.name in ("FORMAT.md", "README.md"):
                continue
            for formula in read(file).formulas:
                where = f"{file.name}:{formula.place.line}:{formula.place.column}"
                try:
                    trees.append((where, parse(formula.latex)))
                except NotationError:
                    refused.append(where)
    return trees, refused


def test_all_three_writers(shared: Path) -> None:
    trees, refused = formulas(shared, "seed", "corpus", "wild")
    assert len(trees) > 1500
    assert len(refused) < len(trees) / 50, refused
    page = ""
    for where, tree in trees:
        ElementTree.fromstring(write_mathml(tree, True))
        speech = write_speech(tree)
        assert speech, where
        assert "\\" not in speech, (where, speech)
        page += f"$ {write_typst(tree)} $ // {where}\n"
    typst.compile(page.encode(), format="pdf")
