"""Sizes of one: an index with a single value says nothing, and a matrix with a single row or column is a vector.

>>> from derive.algebra.names import Name, size
>>> from derive.algebra.terms import Entry
>>> j, k = Index("j", size(1)), Index("k", size(1))
>>> collapsed(Total(j, Entry(Name("b"), (j,)))) is collapsed(Entry(Name("b"), (k,)))
True
"""

from __future__ import annotations

from derive.algebra.names import Index, size
from derive.algebra.terms import ONE, Delta, Entry, Term, Total, transform

ONLY = Index("1", size(1))
"""What all indices with a single value are taken for."""


def collapsed(term: Term) -> Term:
    """A term without sums over a single value, all indices that have one the same."""

    def change(node: Term) -> Term | None:
        match node:
            case Total(index=index, body=body) if index.size is ONLY.size:
                return body
            case Delta(left=left) if left.size is ONLY.size:
                return ONE
            case Entry(indices=indices) if any(index.size is ONLY.size and index is not ONLY for index in indices):
                return Entry(node.name, tuple(ONLY if index.size is ONLY.size else index for index in indices))
            case _:
                return None

    return transform(term, change, variables=True)
