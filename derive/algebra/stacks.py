r"""Arrays made of arrays: a vector h stacked on a vector x, matrices side by side.

The stack of h and x has an index s over a size of its own, H+D, and the entries

    sum_i S[s,i] h[i] + sum_j R[s,j] x[j],

where `S[s,i]` is one where s = i, and `R[s,j]` where s = H + j: constants, called selections. Whatever is proved with selections
left opaque holds for these; what needs more of them are two identities (with R of another part of the same axis):

    S[s,i] S[s,j] = [i=j] S[s,i],    S[s,i] R[s,j] = 0.

>>> from derive.algebra.arrays import array, matmul
>>> from derive.algebra.names import Name, size
>>> h, x = array(Name("h"), (size("H"),)), array(Name("x"), (size("D"),))
>>> W = array(Name("W"), (size("H"), together(size("H"), size("D"))))
>>> stacked([h, x], 0, 1).shape, matmul(W, stacked([h, x], 0, 1)).shape
((D+H,), (H,))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from derive.algebra.arrays import ONE_LONG, Agree, Array, ShapeMismatch, same, show
from derive.algebra.names import Index, Selection, Size, fresh, size, together
from derive.algebra.polynomial import Atom, Factor, Monomial, Polynomial, of_atom
from derive.algebra.terms import Entry, Term, Total, add, mul, total, walk

NOTHING = size(0)
_BASE = "rows"


def selection(start: Size, place: Index, part: Index | None) -> Term:
    """One where `place = start + part`; for a part of a single row, without an index, where `place = start`."""
    return Entry(Selection(_BASE, (), start), (place,) if part is None else (place, part))


def stacked(parts: Sequence[Array], axis: int, rank: int, agree: Agree = same) -> Array:
    """Arrays one after the other along an axis of an array of that rank; what has a rank less takes one place of the axis.

    Raises:
        ShapeMismatch: they are not equally long across, or of other ranks.
    """
    unlike = ShapeMismatch("a stack of " + " and ".join(map(show, parts)), *parts)
    if any(part.rank not in (rank, rank - 1) for part in parts):
        raise unlike
    sizes = [part.shape[axis] if part.rank == rank else ONE_LONG for part in parts]
    others = [tuple(s for at, s in enumerate(part.shape) if part.rank < rank or at != axis) for part in parts]
    if not all(agree(a, b) for other in others[1:] for a, b in zip(others[0], other, strict=True)):
        raise unlike
    place, across = fresh(together(*sizes)), tuple(fresh(length) for length in others[0])
    terms: list[Term] = []
    start = NOTHING
    for part, length in zip(parts, sizes, strict=True):
        if part.rank < rank:
            terms.append(mul(selection(start, place, None), part.at(*across)))
        else:
            own = fresh(length)
            chosen = selection(start, place, None if length is ONE_LONG else own)
            terms.append(total((own,), mul(chosen, part.at(*across[:axis], own, *across[axis:]))))
        start = together(start, length)
    return Array((*across[:axis], place, *across[axis:]), add(*terms))


# the parts of an axis


def partition(term: Term, whole: Size) -> tuple[tuple[Size, Size], ...]:
    """Starts and lengths of the parts in which a term stacks an axis of that size, one after the other; none where they do not
    fill it."""
    found: dict[Size, Size] = {}
    for node in walk(term):
        if isinstance(node, Entry) and isinstance(node.name, Selection) and node.indices[0].size is whole:
            length = node.indices[1].size if len(node.indices) > 1 else ONE_LONG
            if found.setdefault(node.name.start, length) is not length:
                return ()
    return _chain(found, whole)


def _chain(found: Mapping[Size, Size], whole: Size) -> tuple[tuple[Size, Size], ...]:
    """Parts by their starts, one after the other; none where they do not fill the whole."""
    parts: list[tuple[Size, Size]] = []
    at = NOTHING
    while at in found and at is not whole:
        parts.append((at, found[at]))
        at = together(at, found[at])
    return tuple(parts) if at is whole and len(parts) == len(found) else ()


def by_parts(term: Term) -> Iterator[Term]:
    """Terms that vanish all together exactly when the term does: its entries at the parts of its free axes that are stacks."""
    for index in sorted(term.free, key=lambda each: each.label):
        if not index.size.summands and index.size.value is None:
            continue
        parts = partition(term, index.size)
        if len(parts) > 1:
            for start, length in parts:
                own = None if length is ONE_LONG else fresh(length)
                yield from by_parts(Total(index, mul(selection(start, index, own), term)))
            return
    yield term


# what the normal form knows of selections


def _apart(one: Atom, other: Atom) -> bool | None:
    """Whether two selections on one axis select different parts of it; False where it is one part, None where that is open."""
    first, second = _range(one), _range(other)
    if first == second:
        return False
    return True if _before(first, second) or _before(second, first) else None


def _range(atom: Atom) -> tuple[Size, Size]:
    assert isinstance(atom.head, Selection)
    return atom.head.start, atom.indices[1].size if len(atom.indices) > 1 else ONE_LONG


def _before(first: tuple[Size, Size], second: tuple[Size, Size]) -> bool:
    """Whether a part ends, whatever the sizes, where another starts or earlier."""
    end, start = _counted(together(*first)), _counted(second[0])
    return all(start[part] >= count for part, count in end.items())


def _counted(length: Size) -> Counter[Size]:
    counts: Counter[Size] = Counter()
    for part in length.summands or (length,):
        counts[part if part.value is None else ONE_LONG] += 1 if part.value is None else part.value
    return counts


def is_selection(atom: Atom) -> bool:
    """Whether an atom is an entry of a selection."""
    return atom.kind == "entry" and isinstance(atom.head, Selection)


class WithStacks:
    """The part of the normaliser that knows selections."""

    def raised(self, base: Polynomial, exponent: Fraction) -> Polynomial:
        raise NotImplementedError

    def _simplify(self, monomials: Iterable[Monomial]) -> Polynomial:
        raise NotImplementedError

    def _exponential(self, argument: Polynomial) -> Polynomial:
        raise NotImplementedError

    def _logarithm(self, argument: Polynomial) -> Polynomial:
        raise NotImplementedError

    def _positive(self, argument: Polynomial) -> Polynomial:
        raise NotImplementedError

    def _selected(self, monomial: Monomial, place: int) -> Polynomial | Monomial | None:
        """A monomial with one of its selections worked out, a step further; None where nothing is left to do.

        A selection `S[s,i]` says of all other factors that s is `start + i` there: other selections at s become a delta or zero,
        also in the arguments of functions. A sum over an s at which nothing else stands is one.
        """
        atom, exponent = monomial.factors[place]
        others = monomial.factors[:place] + monomial.factors[place + 1 :]
        axis = atom.indices[0]
        if exponent <= 0 or axis in atom.indices[1:]:
            return None
        if exponent != 1:  # zero or one
            return Monomial(monomial.coefficient, (*others, (atom, Fraction(1))), monomial.bound)
        for at, (other, power) in enumerate(others):
            if axis not in other.free:
                continue
            rest = others[:at] + others[at + 1 :]
            if is_selection(other) and other.indices[0] is axis and axis not in other.indices[1:] and power > 0:
                apart = _apart(atom, other)
                if apart is None:
                    continue
                same = () if apart else _same_place(atom, other)
                kept = Monomial(monomial.coefficient, (*rest, *same, (atom, Fraction(1))), monomial.bound)
                return Polynomial(()) if apart else kept
            here = self._at_part(other, atom)
            if here is not None:
                kept = Monomial(monomial.coefficient, (*rest, (atom, Fraction(1))), monomial.bound)
                return _times(kept, self.raised(here, power))
        if axis in monomial.bound and not any(axis in other.free for other, _ in others):
            return Monomial(monomial.coefficient, others, tuple(index for index in monomial.bound if index is not axis))
        return None

    def _at_part(self, opened: Atom, chosen: Atom) -> Polynomial | None:
        """A function of what selections stand in, at the places that one selection chooses; None where something else stands at
        these as well."""
        axis = chosen.indices[0]
        if opened.kind not in _OPENED or opened.bound:
            return None
        found: list[Polynomial] = []
        for monomial in opened.parts[0].monomials:
            monomial = monomial.apart((axis, *chosen.indices))
            factors: list[Factor] = []
            inside: list[tuple[Polynomial, Fraction]] = []
            gone = False
            for atom, exponent in monomial.factors:
                if axis not in atom.free:
                    factors.append((atom, exponent))
                elif is_selection(atom) and atom.indices[0] is axis and axis not in atom.indices[1:] and exponent > 0:
                    apart = _apart(chosen, atom)
                    if apart is None:
                        return None
                    gone = gone or apart
                    factors += _same_place(chosen, atom)
                else:
                    here = self._at_part(atom, chosen)
                    if here is None:
                        return None
                    inside.append((here, exponent))
            if gone:
                continue
            whole = Polynomial((Monomial(monomial.coefficient, tuple(factors), monomial.bound),))
            for here, exponent in inside:
                raised = self.raised(here, exponent)
                whole = Polynomial(tuple(each for kept in whole.monomials for each in _times(kept, raised).monomials))
            found.append(whole)
        return self._of_argument(opened, self._simplify(each for part in found for each in part.monomials))

    def _by_parts(self, monomial: Monomial, axis: Index) -> Polynomial | None:
        """A sum over a stack in whose functions selections stand, part by part."""
        found: dict[Size, Size] = {}
        waiting = [atom for atom, _ in monomial.factors]
        if any(is_selection(atom) and atom.indices[0] is axis for atom in waiting):
            return None
        while waiting:
            atom = waiting.pop()
            if is_selection(atom) and atom.indices[0] is axis:
                start, length = _range(atom)
                if found.setdefault(start, length) is not length:
                    return None
            elif axis in atom.free and atom.kind in _OPENED:
                waiting.extend(inner for each in atom.parts[0].monomials for inner, _ in each.factors)
        parts = []
        for start, length in _chain(found, axis.size):
            own = () if length is ONE_LONG else (fresh(length),)
            chosen = Atom("entry", Selection(_BASE, (), start), (axis, *own)), Fraction(1)
            parts.append(Monomial(monomial.coefficient, (*monomial.factors, chosen), (*monomial.bound, *own)))
        return Polynomial(tuple(parts)) if len(parts) > 1 else None

    def _of_argument(self, atom: Atom, argument: Polynomial) -> Polynomial:
        """What an atom is of another argument."""
        if atom.kind == "base":
            return argument
        if atom.kind == "positive":
            return self._positive(argument)
        if atom.head == ("exp", 0):
            return self._exponential(argument)
        if atom.head == ("log", 0):
            return self._logarithm(argument)
        return of_atom(Atom(atom.kind, atom.head, (), (argument,)))


_OPENED = frozenset({"function", "base", "positive"})


def _same_place(one: Atom, other: Atom) -> tuple[Factor, ...]:
    """The factor that says that two selections of one part select the same; none where the part is a single row."""
    pair = (*one.indices[1:], *other.indices[1:])
    return ((Atom("delta", None, pair), Fraction(1)),) if len(pair) == 2 else ()


def _times(kept: Monomial, factor: Polynomial) -> Polynomial:
    found = []
    for each in factor.monomials:
        each = each.apart((*kept.bound, *(index for atom, _ in kept.factors for index in atom.free)))
        found.append(
            Monomial(kept.coefficient * each.coefficient, kept.factors + each.factors, kept.bound + each.bound)
        )
    return Polynomial(tuple(found))
