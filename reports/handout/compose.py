"""A document, its theory and its verdicts to the content of a handout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from derive import wording
from derive.algebra.names import Name, Size
from derive.calculus.chain import depends
from derive.matrices.plan import NoMatrixForm
from derive.notation.latex import write_latex
from derive.notation.tree import Node
from derive.readers.document import Document
from derive.theory import Theory
from derive.verdicts import FormulaVerdict, Report, Verdict
from numeric import Compiled
from reports.handout.content import (
    Badge,
    Block,
    Handout,
    Inline,
    Link,
    Listing,
    Literal,
    Paragraph,
    Picture,
    Plain,
    Section,
    Table,
    Words,
)
from reports.handout.derivation import derivation
from reports.handout.experiment import EPOCHS, RATE, TOLERANCE, Experiment
from reports.handout.figures import Drawing, draw_network, mathtext
from reports.handout.judged import equation, judgements, link, tree_of
from reports.handout.layers import Layer, forward_pass, layers
from reports.handout.sentences import Sentences, shape_words
from reports.places import count

MODULE = "network.py"
"""What the emitted code is called in the folder of a handout."""

_LINE = 6.38
"""How wide a line of text is in inches."""

_PROMISES = {
    Verdict.REFUTED: "false under every ordinary reading; a counterexample or shapes that cannot fit are given",
    Verdict.UNREAD: "not understood as a formula",
    Verdict.UNKNOWN: "read, but neither proved nor refuted",
    Verdict.PROVED: "follows from the document’s own definitions, for all sizes unless said otherwise",
    Verdict.DEFINED: "gives a name its meaning",
    Verdict.DECLARED: "says what shape a name has",
    Verdict.ASSUMED: "supposed by its sentence",
    Verdict.EXPRESSION: "states nothing that could be true or false",
}
_ROLES = {
    "input": "input",
    "target": "target",
    "parameter": "parameter, learned",
    "constant": "constant",
    "value": "computed",
}


def compose(
    document: Document, theory: Theory, report: Report, code: Compiled | str, experiment: Experiment | str
) -> tuple[Handout, dict[str, Drawing]]:
    """The handout's content, and its drawings by name."""
    formulas = report.documents[0].formulas
    drawings: dict[str, Drawing] = {}
    found = layers(theory)
    if found:
        drawings["network"] = _drawing(theory, found)
    if isinstance(experiment, Experiment):
        drawings.update(experiment.drawings)
    sentences = Sentences({repr(name): wording.name(theory, name) for name in (*theory.symbols, *theory.definitions)})
    title = " ".join(document.title.split()) or re.sub(r"[-_\s]+", " ", Path(document.path).stem).capitalize()
    sections = (
        Section("In short", tuple(_summary(document, formulas, report))),
        Section("The network", tuple(_network(theory, found, drawings["network"].width if found else 0.0))),
        Section("Forward pass", tuple(_forward(document, theory))),
        Section("Loss", tuple(_loss(document, theory))),
        Section("Derivation of the gradients", tuple(derivation(theory, sentences))),
        Section("The document’s formulas, one by one", tuple(_judged(formulas, sentences))),
        Section("The network as code", tuple(_code(code, sentences))),
        Section("Training", tuple(_training(experiment, sentences))),
    )
    subtitle = (
        Plain("Handout by gradproof, from "),
        Literal(Path(document.path).name),
        Plain(": every formula judged, the gradients derived, the network as NumPy code."),
    )
    return Handout(title, subtitle, sections), drawings


def _summary(document: Document, formulas: Sequence[FormulaVerdict], report: Report) -> Iterator[Block]:
    displayed = sum(formula.display for formula in formulas)
    yield Paragraph(
        (
            Plain(
                f"The document holds {count(len(formulas), 'formula')}, {displayed} of them displayed. "
                "Each was judged from the document’s own definitions:"
            ),
        )
    )
    rows = tuple(
        ((Badge(verdict),), (Plain(str(report.summary[verdict.value])),), (Plain(_PROMISES[verdict]),))
        for verdict in Verdict
        if report.summary[verdict.value]
    )
    yield Table(
        ((Plain("verdict"),), (Plain("formulas"),), (Plain("what it promises"),)), rows, "Verdicts", frozenset({1})
    )
    for verdict, saying in (
        (Verdict.REFUTED, "What to correct: "),
        (Verdict.UNKNOWN, "Left undecided: "),
        (Verdict.UNREAD, "Not read: "),
    ):
        at_fault = [formula for formula in formulas if formula.verdict is verdict]
        if at_fault:
            words: list[Plain | Link] = [Plain(saying)]
            for number, formula in enumerate(at_fault):
                words.extend([Plain(", ")] if number else [])
                words.append(link(formula))
            yield Paragraph((*words, Plain(".")))


def _network(theory: Theory, found: tuple[Layer, ...], width: float) -> Iterator[Block]:
    if found:
        words: list[Plain | Inline] = [Plain("The signal runs from ")]
        for number, layer in enumerate(found):
            last = number == len(found) - 1
            words.append(Plain("" if not number else " to " if last else " over " if number == 1 else " and "))
            words.extend(_units(layer.units))
            words.append(Plain(" at the input" if not number else " at the output" if last else ""))
        yield Paragraph((*words, Plain(".")))
        columns = ", ".join(_units_spoken(layer.units) for layer in found)
        yield Picture(
            "network",
            f"{len(found)} columns of circles joined by arrows from left to right: {columns}.",
            (Plain("The network: circles are units, arrows weights. Each layer’s quantities stand below it."),),
            min(1.0, width / _LINE),
        )
    else:
        yield Paragraph(
            (Plain("The definitions form no plain chain of layers; the table lists what they are made of."),)
        )
    rows = []
    for name in _concerned(theory):
        symbol = theory.symbol(name)
        if symbol is None:
            continue
        definition = theory.definition(name)
        line = f"line {definition.source}" if definition is not None and definition.source else ""
        rows.append(
            (
                (Inline(wording.name(theory, name)),),
                (Plain("loss" if name is theory.loss else _ROLES[symbol.role]),),
                _shape(theory, name),
                (Plain(line),),
            )
        )
    head = ((Plain("quantity"),), (Plain("role"),), (Plain("shape"),), (Plain("defined in"),))
    yield Table(head, tuple(rows), "What the network is made of")


def _units(size: Size | None) -> tuple[Plain | Inline, ...]:
    if size is None or size.value is not None:
        return (Plain(_units_spoken(size)),)
    return (*_size(size.name), Plain(" units"))


def _units_spoken(size: Size | None) -> str:
    if size is None:
        return "1 unit"
    return count(size.value, "unit") if size.value is not None else f"{size.name} units"


def _size(name: str) -> tuple[Plain | Inline, ...]:
    """A size by its name, as a formula if it is one."""
    return tuple(word for word in shape_words(name) if isinstance(word, Plain | Inline))


def _concerned(theory: Theory) -> Iterator[Name]:
    """Everything that the loss is made from, given quantities first, and the loss."""
    loss = theory.loss
    assert loss is not None
    order = {"input": 0, "target": 1, "parameter": 2, "constant": 3}
    given = [
        symbol
        for symbol in theory.symbols.values()
        if symbol.name not in theory.definitions and symbol.role in order and depends(theory, loss, symbol.name)
    ]
    yield from (symbol.name for symbol in sorted(given, key=lambda symbol: order[symbol.role]))
    yield from (definition.name for definition in forward_pass(theory))
    yield loss


def _shape(theory: Theory, name: Name) -> Words:
    return shape_words(wording.shape(theory, name))


def _forward(document: Document, theory: Theory) -> Iterator[Block]:
    functions = list(_function_formulas(document, theory))
    definitions = forward_pass(theory)
    yield Paragraph((Plain("The document’s definitions, in the order in which they are computed, with their shapes."),))
    for tree in functions:
        yield equation(tree)
    for definition in definitions:
        yield equation(_definition(document, theory, definition.name), _shape(theory, definition.name))


def _definition(document: Document, theory: Theory, name: Name) -> Node:
    """A definition in the page's notation; where that has no form for it, as the page has it."""
    try:
        return wording.definition(theory, name)
    except NoMatrixForm:
        definition = theory.definition(name)
        written = None if definition is None else _formula_at(document, definition.source)
        return wording.name(theory, name) if written is None else written


def _formula_at(document: Document, line: int) -> Node | None:
    for formula in document.formulas:
        if formula.place.line == line and (tree := tree_of(formula.latex)) is not None:
            return tree
    return None


def _function_formulas(document: Document, theory: Theory) -> Iterator[Node]:
    """The formulas in which the functions that the forward pass uses are defined."""
    lines = {function.source for function in theory.functions.values() if function.source and function.body is not None}
    yield from (tree for line in sorted(lines) if (tree := _formula_at(document, line)) is not None)


def _loss(document: Document, theory: Theory) -> Iterator[Block]:
    assert theory.loss is not None
    yield Paragraph((Plain("One number says how far the prediction is from the target; training makes it small."),))
    given = theory.left_general(theory.loss)
    if given is not None:
        listed = [word for name in given for word in (Plain(", "), Inline(wording.name(theory, name)))][1:]
        yield Paragraph(
            (Inline(wording.name(theory, theory.loss)), Plain(" is left general, a function of "), *listed, Plain("."))
        )
        return
    yield equation(_definition(document, theory, theory.loss))


def _judged(formulas: Sequence[FormulaVerdict], sentences: Sentences) -> Iterator[Block]:
    yield Paragraph(
        (
            Plain(
                "In the document’s order, with the line on which each formula starts. Neighbouring formulas in running text "
                "that state nothing are listed together."
            ),
        )
    )
    yield from judgements(formulas, sentences)


def _code(code: Compiled | str, sentences: Sentences) -> Iterator[Block]:
    if isinstance(code, str):
        yield Paragraph(
            (Plain("These definitions could not be turned into code: "), *sentences.words(code), Plain("."))
        )
        return
    yield Paragraph(
        (
            Plain(
                "The same definitions and gradients as a module that needs NumPy only; it lies beside this handout as "
            ),
            Literal(MODULE),
            Plain(". All examples are computed at once."),
        )
    )
    yield Listing(code.source)


def _training(experiment: Experiment | str, sentences: Sentences) -> Iterator[Block]:
    if isinstance(experiment, str):
        reason = sentences.words(experiment)
        yield Paragraph(
            (Plain("This network was not trained on the built-in data, exclusive or: "), *reason, Plain("."))
        )
        return
    good, stuck, share = experiment.good, experiment.stuck, experiment.share
    setting = f"{EPOCHS:,} epochs over the four examples, rate {RATE:g}, first weights drawn from a standard normal distribution"
    sizes: list[Plain | Inline] = []
    for name, value in sorted(experiment.shown.sizes.items()):
        sizes.extend([Plain(", " if sizes else ", with "), *_size(name), Plain(f" = {value}")])
    yield Paragraph(
        (
            Plain(f"The code above was trained on exclusive or: {setting}"),
            *sizes,
            Plain("."),
        )
    )
    outcomes = [f"seed {good.seed} ends near every target" if good else "no seed that was tried ends near every target"]
    outcomes += [f"seed {stuck.seed} stays stuck"] if stuck else []
    yield Picture(
        "loss",
        "Loss over epochs: " + "; ".join(
            f"with seed {run.seed} it falls from {run.history[0]:.3g} to {run.history[-1]:.3g}" for run in (good, stuck) if run
        ),
        (Plain("The loss while training: " + ", ".join(outcomes) + "."),),
        0.66,
    )  # fmt: skip
    yield Picture(
        "surface",
        f"The prediction over the plane of both inputs after training with seed {experiment.shown.seed}, with the four examples.",
        (Plain(f"What the network with seed {experiment.shown.seed} answers over the plane of its two inputs; dashed: one half."),),
        0.52,
    )  # fmt: skip
    low, high = share.interval
    yield Picture(
        "starts",
        f"A bar from 0 to 100 percent filled to {share.share:.1%}, with an interval from {low:.1%} to {high:.1%}.",
        (
            Plain(
                f"Of {share.count} random starts, {share.converged} ({share.share * 100:.1f} %) end with every prediction within "
                f"{TOLERANCE:g} of its target; 95 % confidence interval {low * 100:.1f} to {high * 100:.1f} % (Wilson)."
            ),
        ),
        0.6,
    )


def _drawing(theory: Theory, found: tuple[Layer, ...]) -> Drawing:
    captions, arrows = [], []
    for number, layer in enumerate(found):
        quantities = ", ".join(_label(theory, name) for name in layer.quantities)
        where = "input" if not number else "output" if number == len(found) - 1 else "hidden"
        captions.append((where, quantities, _units_label(layer.units)))
        if number:
            arrows.append(", ".join(_label(theory, name) for name in layer.parameters))
    return draw_network(found, tuple(captions), tuple(arrows))


def _label(theory: Theory, name: Name) -> str:
    return mathtext(write_latex(wording.name(theory, name)), _bare(repr(name)))


def _bare(written: str) -> str:
    r"""A name without its fonts and accents, where these cannot be drawn: `\mathbf{W}^(2)` is W^(2)."""
    return re.sub(r"\\[A-Za-z]+\{|[{}\\]", "", written)


def _units_label(size: Size | None) -> str:
    found = _units(size)
    if isinstance(found[0], Inline) and size is not None:
        return f"{mathtext(write_latex(found[0].tree), size.name)} units"
    return _units_spoken(size)
