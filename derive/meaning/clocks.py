r"""From which step to which the families of a page run: `t = 1, \ldots, T`, and the sums over their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from derive.algebra.names import Level, Name
from derive.meaning.draft import Placed
from derive.meaning.naming import level_of, walk, written
from derive.meaning.scope import NotUnderstood, Vocabulary
from derive.meaning.statements import Statement
from derive.notation.tree import BigOperator, Ellipsis, Fenced, Node, Number, Relations, Scripted, Sum, Symbol

ENDLESS = r"\infty"
r"""The last step where there is none: `t = 1, 2, \ldots`."""
Range = tuple[Level, Level]


def clocks_of(placed: Iterable[Placed], vocabulary: Vocabulary, recursive: frozenset[str]) -> dict[str, Range]:
    """The letters of steps with their range: as the text counts them, else as most sums do that give both ends. The letter of a
    recursion counts from one, and to no end, where nothing else is said."""
    placed = tuple(placed)
    trees = [side for each in placed for side in (each.statement.left, each.statement.right) if side is not None]
    seen: Counter[tuple[str, Range]] = Counter()
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, BigOperator) and (letter := steps_over(node, vocabulary)) is not None:
                own = _written_range(node)
                if own is not None:
                    seen[letter, own] += 1
    found: dict[str, Range] = {letter: (Level("", 1), Level(ENDLESS, 0)) for letter in recursive}
    first: dict[str, Name] = {}  # what a family is first written for; `\\delta^{(T)}` follows `\\delta^{(t)}`
    for each in placed:
        name = written(each.statement.left, vocabulary.subscripted, vocabulary.layered)
        if name is not None and any(level.letter for level in name.name.levels) and each.statement.right is not None:
            first.setdefault(name.name.base, name.name)
    heads = {level.letter for name in first.values() for level in name.levels} | recursive
    heads |= {letter for letter, _ in seen}
    for (letter, own), _ in seen.most_common():
        ends = own[1].letter and not own[1].offset and own[1].letter not in heads
        if not own[0].letter and ends and (letter not in found or letter in recursive):
            found[letter] = own
    stepped = letters_of_steps(trees, vocabulary)
    for letter, own in _counted(placed):
        if letter in stepped and (letter not in found or own[1].letter != ENDLESS):
            found[letter] = own
    return found


def letters_of_steps(trees: Iterable[Node], vocabulary: Vocabulary) -> frozenset[str]:
    """The letters at which members of families stand."""
    return frozenset(
        level.letter
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Scripted)
        and (name := written(node, vocabulary.subscripted, vocabulary.layered)) is not None
        for level in name.name.levels
        if level.letter
    )


def _counted(placed: tuple[Placed, ...]) -> Iterable[tuple[str, Range]]:
    r"""`t = 1, \ldots, T` and `t = 1, 2, \ldots, T`."""
    by_formula: dict[int, list[Statement]] = {}
    for each in placed:
        if not each.display:
            by_formula.setdefault(each.formula, []).append(each.statement)
    for parts in by_formula.values():
        if len(parts) not in (3, 4) or not any(isinstance(part.left, Ellipsis) for part in parts[-2:]):
            continue
        endless = isinstance(parts[-1].left, Ellipsis)
        start, end = parts[0], Level(ENDLESS, 0) if endless else level_of(parts[-1].left)
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
    if letter is None or node.operator not in (r"\sum", r"\prod"):
        return None
    for part in walk(node.body):
        name = written(part, vocabulary.subscripted, vocabulary.layered) if isinstance(part, Scripted) else None
        if name is not None and any(level.letter == letter for level in name.name.levels):
            return letter
    upper = None if node.upper is None else level_of(node.upper)
    if upper is not None and upper.letter in vocabulary.clocks:
        for part in walk(node.body):
            if isinstance(part, Scripted) and part.sup is not None and letter in letters_in(part.sup):
                return letter
    return None


def letters_in(node: Node) -> frozenset[str]:
    return frozenset(part.text for part in walk(node) if isinstance(part, Symbol))


def linear(node: Node) -> tuple[dict[str, int], int] | None:
    """A sum of letters and whole numbers, `t-k+1`: the letters with their multiples, and a number."""
    match node:
        case Number(text=text) if text.isdigit():
            return {}, int(text)
        case Symbol(text=text):
            return {text: 1}, 0
        case Fenced(left="(", body=body):
            return linear(body)
        case Sum(terms=terms):
            letters: dict[str, int] = {}
            offset = 0
            for sign, term in terms:
                part = linear(term) if sign in ("+", "-") else None
                if part is None:
                    return None
                by = 1 if sign == "+" else -1
                offset += by * part[1]
                for letter, multiple in part[0].items():
                    letters[letter] = letters.get(letter, 0) + by * multiple
            return letters, offset
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
        case Relations(rest=((_, Symbol(text=text)), _)):
            return text if _between(lower) is not None else None
    return None


def _written_range(node: BigOperator) -> Range | None:
    match node.lower:
        case Relations(first=Symbol(), rest=(("=", Node() as start),)):
            first, last = level_of(start), None if node.upper is None else level_of(node.upper)
            return None if first is None or last is None else (first, last)
        case Relations() if node.upper is None:
            return _between(node.lower)
    return None


_BEFORE = {r"\leq": 0, r"\le": 0, r"\leqslant": 0, "<": 1}
_AFTER = {r"\geq": 0, r"\ge": 0, r"\geqslant": 0, ">": 1}


def _between(lower: Relations) -> Range | None:
    r"""`1 \leq k \leq t`, `t \geq i > k`: the letter in the middle runs from one to the other."""
    match lower:
        case Relations(first=Node() as left, rest=((one, Symbol()), (other, Node() as right))):
            pass
        case _:
            return None
    start, end = level_of(left), level_of(right)
    if start is None or end is None:
        return None
    if one in _BEFORE and other in _BEFORE:
        return start.shifted(_BEFORE[one]), end.shifted(-_BEFORE[other])
    if one in _AFTER and other in _AFTER:
        return end.shifted(_AFTER[other]), start.shifted(-_AFTER[one])
    return None
