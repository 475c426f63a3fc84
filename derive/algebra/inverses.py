r"""Products with inverses of matrices: `M M^{-1} = I`, whatever M is, and what follows from it.

An inverse is an atom that knows its matrix. A sum over k of the leading product of M at (i, k) and the inverse at (k, j) is
replaced by what `M M^{-1} = I` says of it, `I - (M - lead) M^{-1}`, and so from the other side. With M = A, a single product,
that is cancellation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from derive.algebra.names import Index, fresh
from derive.algebra.polynomial import Atom, Factor, Monomial, Polynomial, merged, multiplied

Mapping = dict[Index, Index]


def leading(polynomial: Polynomial) -> Monomial:
    """The monomial of highest degree, ties broken by key."""
    return max(polynomial.monomials, key=lambda monomial: (monomial.degree, len(monomial.bound), monomial.key({}, 0)))


def inverse(i: Index, j: Index, body: Polynomial, row: Index, column: Index) -> Atom:
    """The atom of an entry of an inverse, the same for `M^{-1}` and for the transpose of `(M^\\top)^{-1}`."""
    turned = body.renamed({i: j, j: i})
    here, there = body.key({i: -1, j: -2}), turned.key({i: -1, j: -2})
    if here == there:
        return Atom("inverse", "symmetric", (row, column), (body,), (i, j))
    if here < there:
        return Atom("inverse", "", (row, column), (body,), (i, j))
    return Atom("inverse", "", (column, row), (turned,), (i, j))


def cancelled(monomial: Monomial) -> Polynomial | None:
    """A monomial in which a matrix meets its inverse, by `M M^{-1} = I`."""
    for place, (atom, exponent) in enumerate(monomial.factors):
        if atom.kind != "inverse" or exponent != 1:
            continue
        others = [*monomial.factors[:place], *monomial.factors[place + 1 :]]
        for shared, kept, (near, far) in _sides(atom):
            if shared in monomial.bound and shared is not kept:
                found = _cancelled(monomial, atom, others, shared, kept, near, far)
                if found is not None:
                    return found
    return None


def _sides(atom: Atom) -> Iterator[tuple[Index, Index, tuple[Index, Index]]]:
    """An index of an inverse that a matrix may share, the other one, and the matrix's own indices, the shared one's first."""
    (row, column), (i, j) = atom.indices, atom.bound
    yield row, column, (j, i)  # M[x, row] inv[row, column]
    yield column, row, (i, j)  # inv[row, column] M[column, x]


def _cancelled(
    monomial: Monomial, atom: Atom, others: Sequence[Factor], shared: Index, kept: Index, near: Index, far: Index
) -> Polynomial | None:
    body = atom.parts[0]
    lead = leading(body)
    for mapping, rest in _matches(lead.factors, others, {near: shared}, {near, far, *lead.bound}):
        images = [mapping[index] for index in lead.bound]
        gone = {shared, *images}
        other = mapping.get(far)
        if other is None or other in gone or len(gone) <= len(images) or not gone <= set(monomial.bound):
            continue
        if any(not part.free.isdisjoint(gone) for part, _ in rest) or kept in images:
            continue
        bound = tuple(index for index in monomial.bound if index not in gone)
        scale = Fraction(monomial.coefficient) / lead.coefficient
        outside = Monomial(scale, tuple(rest), bound)
        unit = Monomial(Fraction(1), ((Atom("delta", None, (other, kept)), Fraction(1)),) if other is not kept else ())
        monomials = [_beside(outside, unit)]
        for part in body.monomials:
            if part is not lead:
                again = fresh(shared.size)
                beside = part.renamed({near: again, far: other})
                turned = atom.renamed({shared: again})
                sum_of = Monomial(-beside.coefficient, (*beside.factors, (turned, Fraction(1))), (*beside.bound, again))
                monomials.append(_beside(outside, sum_of))
        return Polynomial(tuple(merged(each) for each in monomials))
    return None


def _beside(outside: Monomial, inside: Monomial) -> Monomial:
    """A product under the sums of both, those of the first over what is inside too."""
    inside = inside.apart(outside.bound)
    return Monomial(
        outside.coefficient * inside.coefficient, outside.factors + inside.factors, outside.bound + inside.bound
    )


def _matches(
    pattern: Sequence[Factor], factors: Sequence[Factor], mapping: Mapping, variables: set[Index]
) -> Iterator[tuple[Mapping, list[Factor]]]:
    """The ways in which all of a product's factors stand among others: what its variables are there, and what is left over."""
    if not pattern:
        yield mapping, [factor for factor in factors if factor[1]]
        return
    (atom, exponent), *following = pattern
    for place, (other, power) in enumerate(factors):
        if other.kind != atom.kind or other.head != atom.head or not (power >= exponent > 0 or power == exponent):
            continue
        for extended in _unified(atom, other, mapping, variables):
            left = [*factors[:place], (other, power - exponent), *factors[place + 1 :]]
            yield from _matches(following, left, extended, variables)


def _unified(atom: Atom, other: Atom, mapping: Mapping, variables: set[Index]) -> Iterator[Mapping]:
    """The variables' meanings under which two atoms are the same."""
    orders = [other.indices]
    if atom.kind == "delta" or atom.head == "symmetric":
        orders.append(other.indices[::-1])
    for indices in orders:
        found = dict(mapping)
        if len(indices) == len(atom.indices) and all(
            _assign(own, asked, found, variables) for own, asked in zip(atom.indices, indices, strict=True)
        ):
            if not atom.parts:
                yield found
            elif all(index in found for index in atom.free & variables):
                renamed = atom.renamed({index: found[index] for index in atom.free & variables})
                if renamed.key({}, 0) == other.key({}, 0):
                    yield found


def _assign(own: Index, asked: Index, found: Mapping, variables: set[Index]) -> bool:
    if own not in variables:
        return own is asked
    return own.size is asked.size and found.setdefault(own, asked) is asked


def cleared(difference: Polynomial) -> Polynomial | None:
    r"""A difference times a matrix whose inverse stands in it at one of its free indices: `(A + \lambda I)^{-1} u - v` times
    `A + \lambda I` is zero only where the difference is, for a matrix that has an inverse takes nothing but zero to zero.

    The inverse of a matrix that has inverses in it goes before these.
    """
    found = [
        (_depth(atom), atom, shared, near, far)
        for monomial in difference.monomials
        for atom, exponent in monomial.factors
        if atom.kind == "inverse" and exponent == 1
        for shared, _, (near, far) in _sides(atom)
        if shared not in monomial.bound and shared in difference.free
    ]
    if not found:
        return None
    _, atom, shared, near, far = max(found, key=lambda each: each[0])
    return _times_matrix(difference, atom, shared, near, far)


def _depth(atom: Atom) -> int:
    """How deeply inverses stand in one another."""
    inside = (inner for part in atom.parts for monomial in part.monomials for inner, _ in monomial.factors)
    return (atom.kind == "inverse") + max(map(_depth, inside), default=0)


def _times_matrix(difference: Polynomial, atom: Atom, free: Index, near: Index, far: Index) -> Polynomial:
    """The sum over a free index of a matrix at a new one and that, times what there is; the new one is called as the old was."""
    inner = fresh(free.size)
    moved = difference.renamed({free: inner})
    matrix = atom.parts[0].renamed({near: inner, far: free})
    return Polynomial(
        tuple(
            Monomial(product.coefficient, product.factors, (*product.bound, inner))
            for left in matrix.monomials
            for right in moved.monomials
            for product in (multiplied(left, right),)
        )
    )


def split(i: Index, j: Index, body: Polynomial) -> tuple[Polynomial, Polynomial, Index] | None:
    """Two square matrices of which a matrix is the product, the first over (i, k) and the second over (k, j), and k."""
    if len(body.monomials) != 1:
        return None
    (only,) = body.monomials
    for k in only.bound:
        if k.size is not i.size:
            continue
        others = [index for index in only.bound if index is not k]
        left = [factor for factor in only.factors if i in factor[0].free and j not in factor[0].free]
        right = [factor for factor in only.factors if j in factor[0].free and i not in factor[0].free]
        if others or len(left) + len(right) != len(only.factors) or not left or not right:
            continue
        return (
            Polynomial((Monomial(only.coefficient, tuple(left)),)),
            Polynomial((Monomial(Fraction(1), tuple(right)),)),
            k,
        )
    return None
