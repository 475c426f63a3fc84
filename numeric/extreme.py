"""The largest value over an index, and log-sum-exp beside it: the terms that stable forms need and mathematics does not."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.names import Index, fresh
from derive.algebra.terms import Term, rename
from derive.matrices.plan import Node


@dataclass(frozen=True, eq=False)
class Extreme(Term):
    """The largest value of a term over an index ("max"), which is bound like that of a sum; or how far the logarithm of the sum
    of its exponentials lies above that ("log_sum").
    """

    index: Index
    body: Term
    how: str = "max"

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", self.body.free - {self.index})

    def children(self) -> tuple[Term, ...]:
        return (self.body,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return Extreme(self.index, children[0], self.how)

    def __repr__(self) -> str:
        return f"{self.how}_{self.index!r}({self.body!r})"


def extreme(index: Index, body: Term, how: str = "max") -> Extreme:
    """The largest value over an index that occurs nowhere else, so that renaming around it cannot catch it."""
    own = fresh(index.size)
    return Extreme(own, rename(body, {index: own}), how)


@dataclass(frozen=True)
class Largest(Node):
    """The largest entries along one axis, or how far log-sum-exp lies above them."""

    index: Index
    body: Node
    how: str = "max"

    def __post_init__(self) -> None:
        self._over(self.body.axes - {self.index})
