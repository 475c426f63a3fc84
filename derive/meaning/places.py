r"""Names in formulas to arrays: whole ones, their entries, the parts of one example, classes as places."""

from __future__ import annotations

from derive.algebra.arrays import (
    Array,
    ShapeMismatch,
    scalar,
    show,
)
from derive.algebra.names import Index, Name, Size, fresh
from derive.algebra.terms import Term, delta, mul, rename, total
from derive.meaning.labels import label_of
from derive.meaning.naming import Written, base_latex, written
from derive.meaning.products import Reading
from derive.meaning.scope import MANY, NotUnderstood, Scope
from derive.meaning.shapes import FAMILY
from derive.meaning.vocabulary import bold_forms
from derive.notation.tree import (
    Ellipsis,
    Node,
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

    def _entries(self, value: Array, subscripts: tuple[Node, ...]) -> Array:
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
        for subscript, length in zip(subscripts, value.shape, strict=True):
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
        return self._entries(value, entries) if entries else value
