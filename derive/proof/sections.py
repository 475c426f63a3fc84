r"""Letters that a page declares anew in another section, `X \in \mathbb{R}^{n \times d}` and then `X \in \mathbb{R}^{d \times n}`.

From the section of the second declaration on such a letter is another thing, and the page is read apart on both sides of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from derive.algebra.names import Name
from derive.algebra.terms import names as term_names
from derive.meaning.collect import Understanding
from derive.meaning.draft import Placed
from derive.meaning.layers import names_in
from derive.meaning.naming import written
from derive.meaning.statements import Statement
from derive.theory import Theory, family_letters
from derive.verdicts import StatementVerdict, Verdict


@dataclass(frozen=True)
class Boundary:
    """Where names are declared anew: from which statement on, and the page without the one meaning and without the other."""

    start: int
    line: int
    names: frozenset[Name]
    earlier: tuple[Placed, ...]
    later: tuple[Placed, ...]

    def side(self, understanding: Understanding, number: int, verdict: StatementVerdict) -> StatementVerdict:
        """A verdict on one side of the boundary; what rests on a definition with such a name from the other side is unknown."""
        if verdict.verdict not in (Verdict.PROVED, Verdict.REFUTED):
            return verdict
        placed, theory = understanding.placed[number], understanding.theory
        sides = [side for side in (placed.statement.left, placed.statement.right) if side is not None]
        stack = [*names_in(sides, understanding.vocabulary, symbols=True)]
        if verdict.kind != "claim" and (loss := understanding.loss_of(number)) is not None:
            stack.append(loss)
        seen: set[Name] = set()
        while stack:
            name = stack.pop()
            own = name if name in theory.definitions else _family(theory, name)
            if own is None or own in seen:
                continue
            seen.add(own)
            definition = theory.definitions[own]
            used = set(term_names(definition.value.body))
            across = (definition.source < self.line) != (number < self.start)
            if across and used & self.names:
                reason = (
                    f"{name!r} is defined in a section in which {min(map(repr, used & self.names))} is another thing"
                )
                return StatementVerdict(verdict.kind, "", Verdict.UNKNOWN, reason)
            stack.extend(used)
        return verdict


def _family(theory: Theory, name: Name) -> Name | None:
    return next((own for own in theory.definitions if name.levels and family_letters(own, name) is not None), None)


def declared_anew(understanding: Understanding, page: Sequence[Placed]) -> Boundary | None:
    """The first section that declares names of earlier sections anew. `page` holds the statements as they are written; reading
    rewrites them."""
    placed = understanding.placed
    anew = [(place, name) for name, places in understanding.redeclared.items() for place in places]
    anew.sort(key=lambda found: found[0])
    for place, _ in anew:
        section = placed[place].section
        start = next(number for number, each in enumerate(placed) if each.section == section)
        names = frozenset(
            name for other, name in anew if placed[other].section == section and understanding.declared[name][0] < start
        )
        if not names:
            continue
        forgotten = {other for name in names for other in understanding.declared[name]}
        after = {other for other, _ in anew if other >= start} | {other for other in forgotten if other >= start}
        return Boundary(
            start,
            placed[start].line,
            names,
            _without(understanding, page, names, range(start, len(page)), after),
            _without(understanding, page, names, range(start), forgotten),
        )
    return None


def _without(
    understanding: Understanding, page: Sequence[Placed], names: frozenset[Name], where: range, declared: set[int]
) -> tuple[Placed, ...]:
    """A page without what is said there of the names."""
    vocabulary = understanding.vocabulary

    def meant(number: int, read: Placed) -> bool:
        if number in declared:
            return True
        found = written(read.statement.head, vocabulary.subscripted, vocabulary.layered)
        return found is not None and found.name in names and read.statement.right is not None

    return tuple(
        replace(each, statement=said_only(each.statement)) if number in where and meant(number, read) else each
        for number, (each, read) in enumerate(zip(page, understanding.placed, strict=True))
    )


def said_only(statement: Statement) -> Statement:
    """A statement as the mention of its left side."""
    return replace(statement, relation="", right=None)
