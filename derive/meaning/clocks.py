r"""From which step to which the families of a page run: `t = 1, \ldots, T`, and the sums over their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from derive.algebra.names import Level
from derive.meaning.draft import Placed
from derive.meaning.naming import level_of, walk, written
from derive.meaning.scope import NotUnderstood, Vocabulary
from derive.meaning.statements import Statement
from derive.notation.tree import BigOperator, Ellipsis, Node, Relations, Scripted, Symbol

Range = tuple[Level, Level]


def clocks_of(placed: Iterable[Placed], vocabulary: Vocabulary) -> dict[str, Range]:
    """The letters of steps with their range: as the text counts them, else as most sums do that give both ends."""
    placed = tuple(placed)
    trees = [side for each in placed for side in (each.statement.left, each.statement.right) if side is not None]
    seen: Counter[tuple[str, Range]] = Counter()
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, BigOperator) and (letter := steps_over(node, vocabulary)) is not None:
                own = _written_range(node)
                if own is not None:
                    seen[letter, own] += 1
    found: dict[str, Range] = {}
    for (letter, own), _ in seen.most_common():
        if not own[0].letter and own[1].letter and not own[1].offset:
            found.setdefault(letter, own)
    stepped = {
        level.letter
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Scripted)
        and (name := written(node, vocabulary.subscripted, vocabulary.layered)) is not None
        for level in name.name.levels
    }
    return found | {letter: own for letter, own in _counted(placed) if letter in stepped}


def _counted(placed: tuple[Placed, ...]) -> Iterable[tuple[str, Range]]:
    r"""`t = 1, \ldots, T` and `t = 1, 2, \ldots, T`."""
    by_formula: dict[int, list[Statement]] = {}
    for each in placed:
        if not each.display:
            by_formula.setdefault(each.formula, []).append(each.statement)
    for parts in by_formula.values():
        if len(parts) not in (3, 4) or not isinstance(parts[-2].left, Ellipsis):
            continue
        start, end = parts[0], level_of(parts[-1].left)
        first = None if start.right is None else level_of(start.right)
        if (
            isinstance(start.left, Symbol)
            and start.relation == "="
            and first
            and end
            and end.letter
            and not first.letter
        ):
            yield start.left.text, (first, end)


def steps_over(node: BigOperator, vocabulary: Vocabulary) -> str | None:
    """The letter of a sum that runs over the members of a family."""
    letter = _letter(node.lower)
    if letter is None or node.operator != r"\sum":
        return None
    for part in walk(node.body):
        name = written(part, vocabulary.subscripted, vocabulary.layered) if isinstance(part, Scripted) else None
        if name is not None and any(level.letter == letter for level in name.name.levels):
            return letter
    return None


def range_of(node: BigOperator, letter: str, clocks: Mapping[str, Range]) -> Range:
    """From which step to which a sum runs.

    Raises:
        NotUnderstood: it has no bounds and the page does not say between which steps the letter stands, or its bounds are no steps.
    """
    found = _written_range(node)
    if found is not None:
        return found
    if node.upper is None and not isinstance(node.lower, Relations) and letter in clocks:
        return clocks[letter]
    raise NotUnderstood(f"a sum over {letter} of which nothing says from where to where it runs", column=node.span[0])


def _letter(lower: Node | None) -> str | None:
    match lower:
        case Symbol(text=text) | Relations(first=Symbol(text=text), rest=(("=", _),)):
            return text
    return None


def _written_range(node: BigOperator) -> Range | None:
    match node.lower:
        case Relations(first=Symbol(), rest=(("=", Node() as start),)):
            first, last = level_of(start), None if node.upper is None else level_of(node.upper)
            return None if first is None or last is None else (first, last)
    return None
