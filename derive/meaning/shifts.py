r"""Entries at shifted places, `y_i = \sum_k w_k x_{i+k}`: what a page shows of its convolutions and blocks before anything is read.

Arrays are counted from zero or from one, and that changes which entry `x_{i+k}` is. A page's sums and lists say it,
`\sum_{k=0}^{K-1}`, `x_1, \ldots, x_N`; all letters and arrays that share a subscript are counted alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Sequence_
from dataclasses import dataclass, field

from derive.algebra.counts import Count
from derive.meaning.draft import Draft, Placed
from derive.meaning.linear import letters_in, linear_place, subscripts, summed_letters
from derive.meaning.naming import LAYER_LETTERS, base_latex, level_of, part_names, walk
from derive.meaning.scope import Axis, Shifts
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import (
    BigOperator,
    Ellipsis,
    Fenced,
    Node,
    Number,
    Product,
    Relations,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
)

_AROUND = re.compile(
    r"\b(circular|cyclic|periodic|modulo|mod|wraps?|wrapp\w+|torus|toroidal|reflect\w*|mirror\w*|replicat\w*|symmetric|symmetrical|palindrom\w*|antisymmetric)\b",
    re.IGNORECASE,
)
"""Words of pages on which arrays go on beyond their ends in another way than with zeros, or are not any arrays."""
_UP_TO = (r"\leq", r"\le")
_MOST_LAYERS = 2
_MOST_OFFSET = 4
_LONGEST_UNKNOWN = 4
"""What a size of which nothing is known is at most, at a point."""


def shifts_of(draft: Draft) -> Shifts | None:
    """What a page shows of its entries at shifted places; None where it has none, or where arrays go on beyond their ends."""
    if any(_AROUND.search(text) for each in draft.placed for text in (each.before, each.after)):
        return None
    if any(_relates_entries(each) for each in draft.placed):
        return None
    counts = _counts(draft)
    page = _Page(counts, _families(draft))
    for each in draft.placed:
        page.listed(each)
        for side in (each.statement.left, each.statement.right):
            if side is not None:
                page.look(side, each, {})
    if not page.plain_shift and not any(_differences(each) for each in draft.placed):
        return None  # `n_{l+1}` of a layer, `h_{t-1}` of a step
    page.ranges_of_lists(draft.placed)
    page.numbered = any(_is_size(each, counts) for each in draft.placed)
    return page.told()


def _families(draft: Draft) -> frozenset[str]:
    found = (
        base_latex(node.base)
        for tree in draft.trees
        for node in walk(tree)
        if isinstance(node, Scripted)
        and node.sub is None
        and isinstance(node.sup, Fenced)
        and level_of(node.sup.body) is not None
    )
    return frozenset(base for base in found if base is not None)


def _differences(each: Placed) -> bool:
    r"""Whether a right side compares neighbours, `x_{i+1} - x_i`, of which neither is what it defines."""
    left, right = each.statement.left, each.statement.right
    if right is None or each.statement.relation not in EQUALITIES:
        return False
    own = {base_latex(node.base) for node in walk(left) if isinstance(node, Scripted)}
    for part in walk(right):
        if not isinstance(part, Sum):
            continue
        terms = [term for _, term in part.terms if isinstance(term, Scripted) and term.sup is None]
        alone = {(base_latex(term.base), term.sub.text) for term in terms if isinstance(term.sub, Symbol)}
        for term in terms:
            level = None if term.sub is None or isinstance(term.sub, Symbol) else level_of(term.sub)
            base = base_latex(term.base)
            if (
                level is not None
                and base not in own
                and level.letter not in LAYER_LETTERS
                and (base, level.letter) in alone
            ):
                return True
    return False


def _is_size(each: Placed, counts: frozenset[str]) -> bool:
    statement = each.statement
    return isinstance(statement.left, Symbol) and statement.left.text in counts and statement.relation in EQUALITIES


def _relates_entries(each: Placed) -> bool:
    r"""Whether entries of one array are said to be equal, `w_k = w_{K-1-k}`, `x_{i+N} = x_i`: it is not any array then."""
    left, right = each.statement.left, each.statement.right
    return (
        isinstance(left, Scripted)
        and isinstance(right, Scripted)
        and left.base == right.base
        and left.sub is not None
        and right.sub is not None
        and each.statement.relation in EQUALITIES
    )


def _counts(draft: Draft) -> frozenset[str]:
    """The letters that count something: in the bounds of sums and at the ends of lists, or compared with a number; and those that
    multiply an index letter."""
    ends: set[str] = set()
    index: set[str] = set()
    for each in draft.placed:
        statement = each.statement
        if statement.relation in (r"\geq", r"\ge", ">", r"\leq", r"\le", "<") and isinstance(statement.left, Symbol):
            ends |= {statement.left.text} if isinstance(statement.right, Number) else set()
        for side in (statement.left, statement.right):
            listed = [node.items[-1] for node in walk(side) if isinstance(node, Sequence) and _is_list(node)]
            for node in walk(side):
                if isinstance(node, BigOperator):
                    ends |= letters_in(node.upper) if node.upper is not None else set()
                    index |= summed_letters(node.lower)
                if isinstance(node, Scripted) and node.sub is not None and not any(node is last for last in listed):
                    index |= {own.text for own in subscripts(node) if isinstance(own, Symbol)}
                if isinstance(node, Sequence) and _is_list(node):
                    ends |= _end_letters(node.items[-1])
    inside = {
        factor.text
        for tree in draft.trees
        for node in walk(tree)
        if isinstance(node, Scripted) and isinstance(node.sub, Node)
        for part in walk(node.sub)
        if isinstance(part, Product) and part is not node.sub
        for _, factor in part.factors
        if isinstance(factor, Symbol)
    }
    return frozenset((ends | inside) - index) | frozenset(letter for letter in ends if letter.isupper())


def _is_list(node: Sequence) -> bool:
    return any(isinstance(item, Ellipsis) for item in node.items)


def _end_letters(node: Node) -> frozenset[str]:
    return frozenset() if not isinstance(node, Scripted) or node.sub is None else letters_in(node.sub)


Key = tuple[str, object, object]


def _plainly(key: Key) -> Key:
    """A letter, or an axis, among those that stand together without a shift."""
    return (f"plain {key[0]}", *key[1:])


@dataclass
class _Page:
    """What is found on the way through a page: which letters and axes are counted alike, from what, and how far."""

    counts: frozenset[str]
    families: frozenset[str]
    """Letters whose members are layers or steps, `h^{(t)}`: `h_{T-i}` is one of them."""
    numbered: bool = False
    """Whether the page gives a size a number: what it says then may be said of that number alone."""
    plain_shift: bool = False
    """Whether a place is made of two letters, or of a multiple of one: no layer and no step is."""
    shifted: set[Axis] = field(default_factory=set)
    shifted_in_heads: set[Axis] = field(default_factory=set)
    alike: dict[Key, Key] = field(default_factory=dict)
    first: dict[Key, set[int]] = field(default_factory=dict)
    plain: dict[Key, set[Axis]] = field(default_factory=dict)
    """The axes at which a letter stands alone, in a section."""
    alone: dict[Key, set[Axis]] = field(default_factory=dict)
    """The same where no sum runs over the letter."""
    counted: dict[tuple[Axis, str], set[Count]] = field(default_factory=dict)
    """How many values letters have in the shifted places of an axis, by the sums of definitions."""
    texts: dict[Key, set[Count]] = field(default_factory=dict)
    """How many values the text gives a letter, in a section."""
    summed: dict[Axis, set[Count]] = field(default_factory=dict)
    """How many entries of an axis the sums over it take in."""
    shifting: set[tuple[object, str]] = field(default_factory=set)
    places: set[tuple[Axis, object, str]] = field(default_factory=set)
    """The letters in the shifted places of an axis, in a section."""
    lists: dict[Axis, set[Count]] = field(default_factory=dict)
    blocks: dict[Axis, tuple[Count, Key]] = field(default_factory=dict)
    heads: dict[str, set[str]] = field(default_factory=dict)
    """What is defined by entries at shifted places, with the arrays that these are of."""
    summed_in_heads: set[Key] = field(default_factory=set)
    reach: int = 1
    offset: int = 0

    def _root(self, key: Key) -> Key:
        while self.alike.get(key, key) != key:
            key = self.alike[key]
        return key

    def _join(self, one: Key, other: Key) -> None:
        self.alike.setdefault(one, one)
        self.alike[self._root(one)] = self._root(other)

    def look(self, node: object, each: Placed, bound: Mapping[str, Count | None]) -> None:
        """Take in a part of a statement; `bound` holds the letters of the sums around it."""
        if isinstance(node, tuple):
            for part in node:
                self.look(part, each, bound)
            return
        if not isinstance(node, Node):
            return
        if isinstance(node, BigOperator):
            count = self._sum(node, each)
            self.look(node.body, each, {**bound, **dict.fromkeys(summed_letters(node.lower), count)})
            return
        if isinstance(node, Scripted) and isinstance(node.base, Styled) and node.base.style == "blackboard":
            return  # `\\mathbb{R}^{n_{l-1}}`
        if isinstance(node, Scripted) and node.sub is not None:
            self._entry(node, each, bound)
            self.look(node.base, each, bound)
            return
        for name in part_names(type(node)):
            self.look(getattr(node, name), each, bound)

    def _sum(self, node: BigOperator, each: Placed) -> Count | None:
        """How many values the letter of a sum has, by its bounds."""
        match node.lower:
            case Relations(first=Symbol(text=letter), rest=(("=", Number(text="0" | "1" as start)),)):
                key: Key = ("letter", each.section, letter)
                self.first.setdefault(key, set()).add(int(start))
                end = None if node.upper is None else linear_place(node.upper, self.counts | letters_in(node.upper))
                if end is not None:
                    return end[1] - int(start) + 1
        return None

    def _entry(self, node: Scripted, each: Placed, bound: Mapping[str, Count | None]) -> None:
        base = base_latex(node.base)
        if base is None or base in self.families or isinstance(node.sup, Fenced):
            return
        items = subscripts(node)
        if any(isinstance(item, Ellipsis) for item in items):
            return
        for axis, item in enumerate(items):
            own: Key = ("axis", base, axis)
            if isinstance(item, Symbol) and item.text not in self.counts:
                key: Key = ("letter", each.section, item.text)
                self._join(key, own)
                self._join(_plainly(key), _plainly(own))
                self.plain.setdefault(key, set()).add((base, axis))
                count = bound.get(item.text)
                if count is not None:
                    self.summed.setdefault((base, axis), set()).add(count)
                elif item.text not in bound:
                    self.alone.setdefault(key, set()).add((base, axis))
                continue
            found = linear_place(item, self.counts)
            if found is None or not found[0]:
                continue
            self.shifted.add((base, axis))
            self.plain_shift = self.plain_shift or len(found[0]) > 1 or any(by.number != 1 for by in found[0].values())
            defines = isinstance(each.statement.left, Scripted) and each.statement.relation in EQUALITIES
            defines = defines and node is not each.statement.left
            if defines:
                self.shifted_in_heads.add((base, axis))
            number = found[1].number
            self.offset = max(self.offset, abs(number) if number is not None else _LONGEST_UNKNOWN)
            for letter in found[0]:
                key = ("letter", each.section, letter)
                self._join(key, own)
                self.shifting.add((each.section, letter))
                self.places.add(((base, axis), each.section, letter))
                if defines and found[0][letter].number not in (1, -1):
                    self.blocks.setdefault((base, axis), (found[0][letter], key))
                count = bound.get(letter)
                if defines and count is not None:
                    self.counted.setdefault(((base, axis), letter), set()).add(count)
                if defines and letter in bound:
                    self.summed_in_heads.add(key)
                if defines and isinstance(each.statement.left, Scripted):
                    self.heads.setdefault(base_latex(each.statement.left.base) or "", set()).add(base)

    def listed(self, each: Placed) -> None:
        r"""Take in `x_0, \ldots, x_{N-1}`."""
        items = each.statement.left.items if isinstance(each.statement.left, Sequence) else ()
        if each.statement.right is not None or len(items) < 3 or not any(isinstance(e, Ellipsis) for e in items):
            return
        first, last = items[0], items[-1]
        if not isinstance(first, Scripted) or not isinstance(last, Scripted) or first.base != last.base:
            return
        base = base_latex(first.base)
        if base is None or not isinstance(first.sub, Number) or first.sub.text not in ("0", "1") or last.sub is None:
            return
        end = linear_place(last.sub, self.counts | letters_in(last.sub))
        if end is not None:
            start = int(first.sub.text)
            self.first.setdefault(("axis", base, 0), set()).add(start)
            self.lists.setdefault((base, 0), set()).add(end[1] - start + 1)

    def ranges_of_lists(self, placed: Iterable[Placed]) -> None:
        r"""Take in `i = 0, \ldots, N - K`."""
        formulas: dict[int, list[Placed]] = {}
        for each in placed:
            formulas.setdefault(each.formula, []).append(each)
        for parts in formulas.values():
            for place, each in enumerate(parts):
                self._between(each, parts[place - 1 : place])
                if not isinstance(each.statement.left, Ellipsis) or not place or place + 1 >= len(parts):
                    continue
                start = next(
                    (own.statement for own in reversed(parts[max(0, place - 2) : place]) if own.statement.right), None
                )
                end = linear_place(
                    parts[place + 1].statement.left, self.counts | letters_in(parts[place + 1].statement.left)
                )
                if start is None or end is None or not isinstance(start.left, Symbol) or start.relation != "=":
                    continue
                if isinstance(start.right, Number) and start.right.text in ("0", "1"):
                    key: Key = ("letter", each.section, start.left.text)
                    self.first.setdefault(key, set()).add(int(start.right.text))
                    self.texts.setdefault(key, set()).add(end[1] - int(start.right.text) + 1)

    def _between(self, each: Placed, before: Sequence_[Placed]) -> None:
        r"""Take in `0 \leq r < s`."""
        statement = each.statement
        start = before[0].statement if before else None
        if start is None or start.left != Number("0") or start.relation not in _UP_TO or start.right != statement.left:
            return
        if isinstance(statement.left, Symbol) and statement.relation in ("<", *_UP_TO) and statement.right is not None:
            end = linear_place(statement.right, self.counts | letters_in(statement.right))
            key: Key = ("letter", each.section, statement.left.text)
            self.first.setdefault(key, set()).add(0)
            if end is not None:
                self.texts.setdefault(key, set()).add(end[1] + (statement.relation != "<"))

    def _depth(self, base: str, most: int) -> int:
        """How many times over the places of entries are shifted on the way to an array, up to so many."""
        if base not in self.heads or not most:
            return 0
        return 1 + max(self._depth(other, most - 1) for other in self.heads[base])

    def told(self) -> Shifts:
        groups: dict[Key, set[int]] = {}
        for key, starts in self.first.items():
            groups.setdefault(self._root(key), set()).update(starts)
            groups.setdefault(self._root(_plainly(key)), set()).update(starts)

        def first_of(key: Key) -> set[int]:
            """What is said of the letter and the axes at which it stands alone, else of all that is shifted by it."""
            return groups.get(self._root(_plainly(key))) or groups.get(self._root(key), set())

        axes = {axis for found in self.plain.values() for axis in found} | self.shifted
        first: dict[Axis, int] = {}
        mixed: set[Axis] = set()
        for axis in axes:
            starts = first_of(("axis", *axis))
            if len(groups.get(self._root(_plainly(("axis", *axis))), ())) > 1:
                mixed.add(axis)
            elif len(starts) == 1:
                first[axis] = next(iter(starts))
        counted_from: dict[str, set[int | None]] = {}
        for key in {*self.plain, *(("letter", section, letter) for section, letter in self.shifting)}:
            counted_from.setdefault(str(key[2]), set()).update(first_of(key) or {None})
        told: dict[tuple[Axis, str], set[int]] = {}
        for axis, section, letter in self.places:
            told.setdefault((axis, letter), set()).update(first_of(("letter", section, letter)) or {first.get(axis, 0)})
        counted = {key: next(iter(starts)) if len(starts) == 1 else None for key, starts in told.items()}
        ranges: dict[tuple[Axis, str], set[Count]] = {}
        for axis, section, letter in self.places:
            ranges.setdefault((axis, letter), set()).update(self.texts.get(("letter", section, letter), ()))
        for place, counts in self.counted.items():
            ranges.setdefault(place, set()).update(counts)
        lengths: dict[Axis, set[Count]] = {axis: set(found) for axis, found in self.lists.items()}
        roots = {self._root(("axis", *axis)) for axis in self.shifted}
        for axis, found in self.summed.items():
            if axis not in self.lists and self._root(("axis", *axis)) in roots:
                lengths.setdefault(axis, set()).update(found)
        for key, found in self.texts.items():
            if self._root(key) in roots:
                for axis in self.alone.get(key, ()):
                    if axis not in self.lists:
                        lengths.setdefault(axis, set()).update(found)
        shifting = {("letter", section, letter) for section, letter in self.shifting}
        alongside = {axis for key in shifting for axis in self.plain.get(key, ())}
        short = {axis for key in self.summed_in_heads for axis in self.plain.get(key, ())} - self.shifted_in_heads
        layers = max((self._depth(head, _MOST_LAYERS + 1) for head in self.heads), default=1)
        plane = any((base, axis - 1) in self.shifted_in_heads for base, axis in self.shifted_in_heads)
        fits = not self.numbered and layers <= (1 if plane else _MOST_LAYERS) and self.offset <= _MOST_OFFSET
        return Shifts(
            self.counts,
            first,
            frozenset(mixed),
            {
                letter: start
                for letter, own in counted_from.items()
                for start in own
                if start is not None and len(own) == 1
            },
            counted,
            {axis: next(iter(found)) for axis, found in lengths.items() if len(found) == 1},
            {
                key: own
                for key, all_told in ranges.items()
                for own in all_told
                if own is not None and len(all_told) == 1
            },
            frozenset((self.shifted | alongside) - short),
            frozenset(short),
            {
                axis: (block, min(self.plain[key]))
                for axis, (block, key) in self.blocks.items()
                if self.plain.get(key) and block.surely_positive()
            },
            frozenset(letter for _, letter in self.shifting),
            frozenset(self.shifted),
            1 + (2 if short <= first.keys() else 3) * layers + self.offset if fits else None,
        )
