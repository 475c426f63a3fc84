r"""Names in formulas to arrays: whole ones, their entries, the parts of one example, classes as places."""

from __future__ import annotations

from derive.algebra.arrays import (
    Array,
    ShapeMismatch,
    scalar,
    show,
)
from derive.algebra.counts import Count, sized, whole
from derive.algebra.names import Index, Name, Size, fresh
from derive.algebra.shifts import at_least, place
from derive.algebra.terms import Term, delta, mul, rename, total
from derive.meaning.conditions import COMPARISONS
from derive.meaning.labels import label_of
from derive.meaning.linear import count_of_sum, linear_place
from derive.meaning.naming import Written, base_latex, written
from derive.meaning.products import Reading
from derive.meaning.scope import MANY, Axis, NotUnderstood, Scope
from derive.meaning.shapes import FAMILY
from derive.meaning.vocabulary import bold_forms
from derive.notation.tree import (
    BigOperator,
    Ellipsis,
    Node,
    Symbol,
)


class Places:
    """What names and their subscripts denote within one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.layout = scope, scope.vocabulary.layout

    def readings(self, node: Node) -> list[Reading]:
        """The readings of an expression, plainest first."""
        raise NotImplementedError

    def _written(self, node: Node) -> Written | None:
        vocabulary = self.scope.vocabulary
        return written(node, vocabulary.subscripted, vocabulary.layered)

    def _bold_beside(self, name: Name, rank: int) -> Name | None:
        r"""The vector in bold whose entries `\sigma_j` are, where the page has a number \sigma as well."""
        shape = self.scope.shape_of(name)
        if shape is None or shape.rank:
            return None
        found = [Name(form, name.levels) for form in bold_forms(name.base)]
        known = [each for each in found if (own := self.scope.shape_of(each)) is not None and own.rank == rank]
        return known[0] if len(known) == 1 else None

    def _entries(self, value: Array, subscripts: tuple[Node, ...], base: str = "") -> Array:
        """The entry of an array at its subscripts; `base` is the letter that the page writes it with."""
        whole = next((place for place, each in enumerate(subscripts) if isinstance(each, Ellipsis)), None)
        if whole is not None:
            return self._part(value, subscripts[:whole], subscripts[whole + 1 :])
        if len(subscripts) != value.rank:
            count = len(subscripts)
            raise NotUnderstood(
                f"{count} subscript{'s' if count > 1 else ''} at an array of shape {show(value)}",
                column=subscripts[0].span[0],
            )
        places: list[Index] = []
        held: list[tuple[Index, Term]] = []
        for axis, (subscript, length) in enumerate(zip(subscripts, value.shape, strict=True)):
            shifted = self._shifted(subscript, length, (base, axis))
            if shifted is not None:
                places.append(shifted[0])
                held.append(shifted)
                continue
            label = self._label(subscript)
            if label is None:
                places.append(self._place(subscript, length))
                continue
            if not self.scope.agree(length, label.shape[0]):
                raise ShapeMismatch(f"there are {label.shape[0]} classes, and {length} entries", value)
            places.append(label.indices[0])
            held.append((label.indices[0], label.body))
        entry = value.at(*places)
        return scalar(total([index for index, _ in held], mul(*(one for _, one in held), entry)))

    def _shifted(self, subscript: Node, length: Size, axis: Axis) -> tuple[Index, Term] | None:
        r"""The entries of an axis, and the bracket that picks the one at `i+k` or `N-1`; None where the subscript is a letter."""
        shifts = self.scope.vocabulary.shifts
        found = None if shifts is None else linear_place(subscript, shifts.counts)
        if shifts is None or found is None:
            return None
        if isinstance(subscript, Symbol) and found[0] and not self._elsewhere(subscript, length, axis):
            return None
        letters, constant = found
        first = shifts.first.get(axis)
        counted = [shifts.counted.get((axis, letter), first or 0) for letter in letters]
        if axis in shifts.mixed or None in counted or (first is None and not letters):
            raise NotUnderstood(
                "a place that is not known to be counted from zero or from one", column=subscript.span[0]
            )
        own = fresh(length)
        coefficients = {own: whole(-1)}
        for letter, by in letters.items():
            running = self.scope.running.get(letter)
            if running is not None and running.index is not None:
                length = running.index.size
            else:  # the letter of a sum without bounds runs over all that it stands at
                told = shifts.ranges.get((axis, letter)) if running is None else None
                length = self.scope.space.open() if told is None else sized(told)
            coefficients[self.scope.index(letter, length)] = by
        # places of terms are counted from zero
        constant = sum((by * (start or 0) for by, start in zip(letters.values(), counted, strict=True)), constant)
        constant = constant - (first or 0)
        return own, place(coefficients, constant, own)

    def _told_range(self, node: BigOperator, letter: str) -> Index | None:
        r"""The index of a sum such as `\sum_{i=1}^{N-1}` whose letter shifts places: its bounds say how far it runs, whatever
        entries it stands at."""
        shifts = self.scope.vocabulary.shifts
        if shifts is None or letter not in shifts.shifting or node.upper is None:
            return None
        self.scope.changes += 1
        return Index(letter, sized(count_of_sum(node, shifts.counts)))

    def _elsewhere(self, letter: Symbol, length: Size, axis: Axis) -> bool:
        """Whether an index letter runs over another range than an axis: `x_i` beside `y_i` that has fewer entries."""
        shifts = self.scope.vocabulary.shifts
        if shifts is None or axis not in shifts.long:
            return False
        running = self.scope.running.get(letter.text)
        if running is None or running.index is None:
            return False
        self.scope.changes += 1
        own, other = self.scope.space.find(running.index.size), self.scope.space.find(length)
        if own is not other and axis in shifts.shifted and not self.scope.space.is_open(own):
            return True  # of an array that is not said to be just as long
        return not self.scope.agree(own, other)

    def _between_places(self, relation: str, left: Node, right: Node) -> Term | None:
        r"""A condition on the places of index letters, `j \leq N - K`; None where it is one on values."""
        shifts = self.scope.vocabulary.shifts
        sides = [None if shifts is None else linear_place(side, shifts.counts) for side in (left, right)]
        if shifts is None or sides[0] is None or sides[1] is None or relation not in COMPARISONS:
            return None
        if relation in (">", r"\geq", r"\ge"):
            sides.reverse()
        (less, small), (more, large) = sides  # type: ignore[misc]
        constant = large - small - (relation in ("<", ">"))
        coefficients: dict[Index, Count] = {}
        for letter in sorted({*less, *more}):
            running = self.scope.running.get(letter)
            if running is None or running.index is None or letter not in shifts.starts:
                return None
            self.scope.changes += 1
            by = more.get(letter, whole(0)) - less.get(letter, whole(0))
            constant = constant + by * shifts.starts[letter]
            coefficients[running.index] = by
        return at_least(coefficients, constant) if coefficients else None

    def _label(self, node: Node) -> Array | None:
        """The one-hot vector of a class: of `y`, or of `y_i`, which depends on i."""
        name = self._written(node)
        found = label_of(self.scope, name)
        if found is None or name is None:
            return None
        if found.rank != len(name.entries) + 1:
            raise NotUnderstood("a class for every example, and no example", column=node.span[0])
        fixed = [self._place(*each) for each in zip(name.entries, found.shape, strict=False)]
        last = fresh(found.shape[-1])
        return Array((last,), found.at(*fixed, last))

    def _same(self, left: Node, right: Node) -> Term:
        """`i = j` of two indices, `y_i = k` of a class and an index."""
        for one, other in ((left, right), (right, left)):
            label = self._label(one)
            if label is not None:
                return rename(label.body, {label.indices[0]: self._place(other, label.shape[0])})
        self.scope.changes += 1
        letters = [base_latex(side) or "" for side in (left, right)]
        known = [self.scope.running[letter].index for letter in letters if letter in self.scope.running]
        length = next((index.size for index in known if index is not None), None)
        if length is None or not all(letter in self.scope.running for letter in letters):
            raise NotUnderstood("a condition of equality between values", column=left.span[0])
        return delta(*(self._place(side, length) for side in (left, right)))

    def _place(self, subscript: Node, length: Size) -> Index:
        letter = base_latex(subscript)
        if letter is None or not (letter.startswith("\\") or letter.rstrip("'").isalpha()):
            raise NotUnderstood("a subscript that is no letter", column=subscript.span[0])
        return self.scope.index(letter, length)

    def _part(self, value: Array, before: tuple[Node, ...], after: tuple[Node, ...]) -> Array:
        """What is left of an array where the first or the last of its indices are fixed."""
        left_over = value.rank - len(before) - len(after)
        if left_over not in (0, 1):
            raise ShapeMismatch(f"no part of {show(value)} is one example", value)
        first = [self._place(*each) for each in zip(before, value.shape, strict=False)]
        last = [self._place(*each) for each in zip(after, value.shape[len(before) + left_over :], strict=True)]
        kept = value.indices[len(before) : len(before) + left_over]
        return Array(kept, value.at(*first, *kept, *last))

    def _array(self, name: Written) -> Array:
        """A named array, or the entry of one: `p_i` is an entry of `\\mathbf{p}` where the page writes entries so."""
        if not name.entries:
            return self.scope.array(name.name)
        own = name.name
        if self.scope.vocabulary.kronecker and own.base == r"\delta" and len(name.entries) == 2:
            return scalar(self._same(*name.entries))
        whole = self.scope.vocabulary.entries_of.get(own.base)
        if whole is not None:
            own = Name(whole, own.levels)
        elif (bold := self._bold_beside(own, len(name.entries))) is not None:
            own = bold
        elif repr(own) in self.scope.vocabulary.numbers and len(name.entries) == 1:
            own = Name(own.base + MANY)  # `x_n` beside the number x: the like of it, many times
        entries = name.entries
        parts = any(isinstance(entry, Ellipsis) for entry in entries)
        # an ellipsis stands for as many axes as one example has
        value = self.scope.array(own, None if parts and own.base.endswith(FAMILY) else len(entries))
        shape = self.scope.shape_of(own)
        if shape is not None and not parts and len(entries) == len(shape.declared) > value.rank:
            # w_{jk} of a matrix with one row: j is there, and has one value
            for entry, length in zip(entries, shape.declared, strict=True):
                if length.value == 1:
                    self._place(entry, length)
            several = zip(entries, shape.declared, strict=True)
            entries = tuple(entry for entry, length in several if length.value != 1)[: value.rank]
        return self._entries(value, entries, name.name.base) if entries else value
