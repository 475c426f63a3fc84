"""A generated document: its text, and the line, the truth and the mistake of every claim."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

from benchmarks.soundness.indexed import component_families, components, families, softmax
from benchmarks.soundness.mutants import one_mutant
from benchmarks.soundness.oracle import Claim, points, spoken_of, truth
from benchmarks.soundness.pages import Page, batch_columns, batch_rows, columns, q
from benchmarks.soundness.writing import Style

KINDS: tuple[Callable[[random.Random], Page], ...] = (
    columns,
    batch_columns,
    batch_rows,
    components,
    families,
    component_families,
    softmax,
)
FURTHER = (
    ("recurrent", "recurrent"),
    ("recurrent", "recursions"),
    ("blocks", "normalisation"),
    ("blocks", "attention"),
    ("blocks", "softmax_family"),
    ("identities", "matrix_identities"),
)
"""Kinds with values and claims of their own: their modules and functions."""
SHARE_OF_MUTANTS = 0.4


@dataclass(frozen=True)
class Written:
    """A claim in the text. `mistake` is empty where it is as it should be; a mistake may still be true."""

    line: int
    latex: str
    true: bool
    mistake: str


@dataclass(frozen=True)
class GeneratedDocument:
    kind: str
    seed: int
    text: str
    claims: tuple[Written, ...]


class Unsound(Exception):
    """A claim that should be true is not: the generator is wrong."""


def document(seed: int) -> GeneratedDocument:
    """The document of that seed."""
    rng = random.Random(seed)
    kind = seed % (len(KINDS) + len(FURTHER))
    if kind >= len(KINDS):
        module, name = FURTHER[kind - len(KINDS)]
        made: GeneratedDocument = getattr(import_module(f"benchmarks.soundness.{module}"), name)(rng, seed)
        return made
    page = KINDS[kind](rng)
    at = points(page.network, seed)
    lines: list[str] = ["# Notes", ""]
    for paragraph in page.said:
        lines += [*paragraph.split("\n"), ""]
    lines += ["From these it follows:", ""]
    written = []
    for claim in page.claims:
        sure = truth(claim, at)
        if sure is None:
            continue
        if not sure:
            raise Unsound(f"seed {seed}: {_latex(claim, page.style)}")
        mistake = ""
        if rng.random() < SHARE_OF_MUTANTS:
            found = _mutant(claim, page, rng)
            if found is not None:
                mistake, claim = found
        told = truth(claim, at)
        if told is None:
            continue
        latex = _latex(claim, page.style)
        written.append(Written(len(lines) + 1, latex, told, mistake))
        lines += [f"$${latex}$$", ""]
    return GeneratedDocument(page.kind, seed, "\n".join(lines), tuple(written))


def _mutant(claim: Claim, page: Page, rng: random.Random) -> tuple[str, Claim] | None:
    if claim.step and rng.random() < 0.3:
        return "sign", replace(claim, step="ascent")
    found = one_mutant(claim.right, rng)
    if found is None:
        return None
    changed = replace(claim, right=found[1])
    return (found[0], changed) if spoken_of(changed, page.network) else None


def _latex(claim: Claim, style: Style) -> str:
    left, right = style.write(claim.left), style.write(claim.right)
    if claim.step:
        sign = "-" if claim.step == "descent" else "+"
        rate = style.write(q("eta"))
        return rf"{left} \leftarrow {left} {sign} {rate} {style.step(claim.right)}"
    condition = "" if claim.where is None else claim.words + " ".join(claim.where)
    return f"{left} = {right}{condition}"
