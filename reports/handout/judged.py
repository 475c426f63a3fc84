"""Each formula of the document with its verdict, in the document's order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from derive.notation.errors import NotationError
from derive.notation.layout import tall
from derive.notation.parser import parse
from derive.notation.tree import Matrix, Node, Number, Product, Relations, Rows, Scripted, Sum, Tagged
from derive.notation.tree import Sequence as Listed
from derive.verdicts import Counterexample, FormulaVerdict, Verdict
from reports.handout.content import (
    Block,
    Equation,
    Inline,
    Judgement,
    Lead,
    Link,
    Literal,
    Paragraph,
    Plain,
    Source,
    Strong,
    Words,
)
from reports.handout.sentences import Sentences
from reports.handout.wide import settable

_SHOWN_SOURCE = 400
"""A formula that was not read is shown up to this many characters."""
_ROOM = 31.0
_SETTLED = frozenset({Verdict.DECLARED, Verdict.DEFINED, Verdict.ASSUMED, Verdict.EXPRESSION})
_USUAL_SCOPE = "all sizes"
_WORTH_REFERRING = 5
"""A counterexample with fewer inputs is shown in full each time."""


def judgements(formulas: Sequence[FormulaVerdict], sentences: Sentences) -> Iterator[Judgement]:
    """All formulas; inline ones about which there is nothing to say share an entry with their neighbours."""
    judged = _Judged(sentences, [])
    for small, group in groupby(formulas, key=_small):
        if small is None:
            yield from (judged.entry(formula) for formula in group)
            continue
        together = list(group)
        shown: dict[str, Equation | Source] = {}
        for formula in together:
            shown.setdefault(formula.latex, _shown(formula.latex))
        yield Judgement(_lines(together[0], together[-1]), "", small, tuple(shown.values()), False)


def target(formula: FormulaVerdict) -> str:
    """What a link to a formula's judgement is called."""
    return f"at-{formula.cell or 0}-{formula.line}-{formula.column}"


def where(formula: FormulaVerdict) -> str:
    """The line as it is said in running text."""
    return f"line {formula.line}" if formula.cell is None else f"cell {formula.cell}, line {formula.line}"


def link(formula: FormulaVerdict) -> Link:
    return Link(where(formula), target(formula))


def _small(formula: FormulaVerdict) -> Verdict | None:
    plain = formula.verdict in _SETTLED and not formula.display and not formula.warning and not formula.assumptions
    return formula.verdict if plain else None


def _lines(first: FormulaVerdict, last: FormulaVerdict) -> str:
    if first.line == last.line or first.cell != last.cell:
        return where(first)
    return where(first).replace("line", "lines") + f"–{last.line}"


def tree_of(latex: str) -> Node | None:
    """The formula's tree, or None where it cannot be read or would not fit on any line."""
    try:
        tree = parse(latex)
    except NotationError:
        return None
    return tree if settable(tree, _ROOM) else None


def _shown(latex: str) -> Equation | Source:
    tree = tree_of(latex)
    if tree is not None:
        return equation(tree)
    text = " ".join(latex.split())
    if len(text) > _SHOWN_SOURCE:
        text = f"{text[:_SHOWN_SOURCE]} … ({len(latex):,} characters)"
    return Source(text)


def equation(tree: Node, note: Words = ()) -> Equation:
    r"""A displayed formula; an author's `\tag` becomes the note."""
    tags = []

    def bare(node: Node) -> Node:
        if isinstance(node, Tagged):
            tags.append(node.tag)
            return bare(node.body)
        if isinstance(node, Rows):
            return Rows(node.environment, tuple(bare(row) for row in node.rows))
        return node

    inner = bare(tree)
    named = (Plain(", ".join(f"({tag})" for tag in tags if tag)),) if any(tags) else ()
    return Equation(inner, (*named, *note))


@dataclass(frozen=True)
class _Judged:
    """Writes entries. `before` are the counterexamples shown so far, which later ones may refer to."""

    sentences: Sentences
    before: list[tuple[FormulaVerdict, Mapping[str, str]]]

    def entry(self, formula: FormulaVerdict) -> Judgement:
        notes, details = tuple(self._notes(formula)), tuple(self._details(formula))
        shown = (_shown(formula.latex),)
        return Judgement(where(formula), target(formula), formula.verdict, shown, formula.display, notes, details)

    def _notes(self, formula: FormulaVerdict) -> Iterator[Words]:
        """Small print: what the verdict rests on."""
        said = self.sentences.words
        if formula.verdict is Verdict.PROVED and formula.reason:
            yield said(formula.reason, capital=True)
        if formula.scope and formula.scope != _USUAL_SCOPE:
            yield (Plain("For: "), *said(formula.scope))
        if formula.reading:
            yield (Plain("As read here: "), *said(formula.reading))
        if formula.assumptions:
            parts = [self._formula_or_text(each) for each in formula.assumptions]
            yield (Plain("Assuming "), *_joined(parts, ", "))

    def _details(self, formula: FormulaVerdict) -> Iterator[Block]:
        """What needs attention."""
        said = self.sentences.words
        troubled = formula.verdict in (Verdict.REFUTED, Verdict.UNKNOWN, Verdict.UNREAD)
        if troubled and formula.reason:
            place = f" (at character {formula.error_column + 1})" if formula.error_column is not None else ""
            yield Paragraph((Strong("Why: "), *said(formula.reason + place)))
        shapes = next((part.shapes for part in formula.statements if part.shapes), "")
        if shapes:
            yield Paragraph((Strong("Shapes: "), *said(shapes)))
        if formula.warning:
            yield Paragraph((Strong("Warning: "), *said(formula.warning)))
        if formula.counterexample is not None:
            yield from self._counterexample(formula, formula.counterexample)
        for number, suggestion in enumerate(formula.suggestions):
            yield Lead("Or:" if number else "Right would be:")
            yield _shown(suggestion)

    def _formula_or_text(self, text: str) -> Words:
        tree = tree_of(text)
        return (Inline(tree),) if tree is not None and not _prose(text) else self.sentences.words(text)

    def _counterexample(self, formula: FormulaVerdict, found: Counterexample) -> Iterator[Block]:
        """Where the two sides differ, matrices put together from their entries; values shown before are not repeated."""
        left, rest = self._shown_before(found.inputs)
        if left is None:
            self.before.append((formula, found.inputs))
        arrays = list(_arrays(rest))
        trees = [tree for tree, _ in arrays if tree is not None]
        texts = [text for tree, text in arrays if tree is None]
        entry = f" (entry {found.entry})" if found.entry else ""
        sides = (*_value(found.left), Plain(", the right side "), *_value(found.right), Plain("."))
        opening: Words = (Strong("Counterexample: "),)
        inputs: list[Words] = [*((Inline(tree),) for tree in trees), *((Literal(text),) for text in texts)]
        if left is not None:
            values = (Plain("with the values of "), link(left))
            inputs.insert(0, values)
        elif len(trees) > 3 or any(tall(tree) for tree in trees):
            yield Paragraph((*opening, Plain(f"with these values the left side{entry} is "), *sides))
            yield Equation(Listed(tuple(trees), (r"\quad",) * (len(trees) - 1)) if len(trees) > 1 else trees[0])
            if texts:
                yield Paragraph((Plain("and "), Literal(", ".join(texts))))
            return
        at = (Plain("" if left else "at "), *_joined(inputs, ", "), Plain(", ")) if inputs else ()
        yield Paragraph((*opening, *at, Plain(f"the left side{entry} is "), *sides))

    def _shown_before(self, inputs: Mapping[str, str]) -> tuple[FormulaVerdict | None, Mapping[str, str]]:
        """An entry whose values these are, and those that it does not have."""
        if len(inputs) < _WORTH_REFERRING:
            return None, inputs
        for formula, values in self.before:
            rest = {name: value for name, value in inputs.items() if name not in values}
            same_arrays = not {_array(name) for name in rest} & {_array(name) for name in values}
            if (
                same_arrays
                and len(rest) * 2 < len(inputs)
                and all(values.get(name, value) == value for name, value in inputs.items())
            ):
                return formula, rest
        return None, inputs


def _prose(text: str) -> bool:
    return re.search(r"(?<![\\A-Za-z])[A-Za-z]{3,} [a-z]", text) is not None


def _joined(parts: Sequence[Words], between: str) -> Words:
    words: Words = ()
    for number, part in enumerate(parts):
        words = (*words, *((Plain(between),) if number else ()), *part)
    return words


def _value(text: str) -> tuple[Plain | Inline, ...]:
    tree = _rational(text)
    return (Inline(tree),) if tree is not None else (Plain(text),)


def _arrays(inputs: Mapping[str, str]) -> Iterator[tuple[Node | None, str]]:
    """`A = [...]` for each input; an input whose entries do not make a full grid stays in entries."""
    entries: list[tuple[Node | None, tuple[int, ...], str, str]] = []
    for name, value in inputs.items():
        tree = tree_of(name)
        base, place = _split(tree)
        entries.append((base, place, name, value))
    for _, group in groupby(entries, key=lambda entry: (repr(entry[0]), len(entry[1]))):
        together = list(group)
        base = together[0][0]
        grid = _grid({place: _rational(value) for _, place, _, value in together})
        if base is not None and grid is not None:
            yield Relations(base, (("=", grid),)), ""
            continue
        for _, _, name, value in together:
            tree, number = tree_of(name), _rational(value)
            both = Relations(tree, (("=", number),)) if tree is not None and number is not None else None
            yield both, f"{name} = {value}"


def _array(name: str) -> str:
    """What an entry is an entry of."""
    return repr(_split(tree_of(name))[0])


def _split(tree: Node | None) -> tuple[Node | None, tuple[int, ...]]:
    """A name and the place of its entry: `W_{1,2}` gives W and (1, 2)."""
    if not isinstance(tree, Scripted) or tree.sub is None:
        return tree, ()
    parts = tree.sub.items if isinstance(tree.sub, Listed) else (tree.sub,)
    if not all(isinstance(part, Number) and part.text.isdigit() for part in parts):
        return tree, ()
    place = tuple(int(part.text) for part in parts if isinstance(part, Number))
    bare = Scripted(tree.base, None, tree.sup, tree.primes) if tree.sup is not None or tree.primes else tree.base
    return bare, place


def _grid(values: dict[tuple[int, ...], Node | None]) -> Node | None:
    """The entries as a matrix or a column, if none is missing; a lone number as itself."""
    if any(value is None for value in values.values()):
        return None
    known = {place: value for place, value in values.items() if value is not None}
    if set(known) == {()}:
        return known[()]
    lengths = {len(place) for place in known}
    if lengths not in ({1}, {2}):
        return None
    places = {place if len(place) == 2 else (place[0], 1): value for place, value in known.items()}
    down, across = max(row for row, _ in places), max(column for _, column in places)
    if len(places) != down * across or down > 8 or across > 8:
        return None
    if set(places) != {(row, column) for row in range(1, down + 1) for column in range(1, across + 1)}:
        return None
    return Matrix("bmatrix", tuple(tuple(places[r, c] for c in range(1, across + 1)) for r in range(1, down + 1)))


def _rational(text: str) -> Node | None:
    """A decimal or a quotient of whole numbers, as the prover writes them.

    >>> _rational("-3/4")
    Sum(terms=(('-', Product(factors=(('', Number(text='3')), ('/', Number(text='4'))))),))
    """
    match = re.fullmatch(r"(-?)(\d+(?:\.\d+)?)(?:/(\d+)|e([+-]?\d+))?", text)
    if match is None:
        return None
    sign, top, bottom, power = match.groups()
    number: Node = Number(top)
    if bottom is not None:
        number = Product((("", number), ("/", Number(bottom))))
    elif power is not None:
        exponent: Node = Number(power.lstrip("+-"))
        exponent = Sum((("-", exponent),)) if power.startswith("-") else exponent
        number = Product((("", number), (r"\cdot", Scripted(Number("10"), sup=exponent))))
    return Sum((("-", number),)) if sign else number
