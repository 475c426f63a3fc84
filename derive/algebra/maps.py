r"""Maps of vectors of which a page says nothing but that they can be differentiated: the f of `\nabla f(x_t)`, the F of `x + F(x)`.

Equal arguments give equal values, and that is all that is known. A derivative is one more index at the map: `\nabla f(x)` has one,
the Jacobian of F at x has the index of the output and one of the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from derive.algebra.names import Index, Name, fresh
from derive.algebra.terms import OfMatrix, Term


@dataclass(frozen=True, eq=False)
class MapEntry(OfMatrix):
    """A map at the vector whose entry i is `body`: component `out` of what it gives, or the number that it gives; differentiated by
    the entries `slots` of its argument. Build with `map_entry`. There is no second bound index; j only stands in its place."""

    name: Name
    out: tuple[Index, ...]
    slots: tuple[Index, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", (self.body.free - {self.i, self.j}) | {*self.out, *self.slots})

    def over(self, i: Index, j: Index, body: Term) -> Term:
        return MapEntry(i, j, body, self.name, self.out, self.slots)

    def at(self, change: Callable[[Index], Index]) -> OfMatrix:
        out, slots = (tuple(map(change, indices)) for indices in (self.out, self.slots))
        return MapEntry(self.i, self.j, self.body, self.name, out, slots)

    def __repr__(self) -> str:
        places = ",".join(map(repr, (*self.out, *self.slots)))
        return f"{self.name!r}{chr(39) * len(self.slots)}[{places}]({self.i!r}: {self.body!r})"


def map_entry(name: Name, i: Index, body: Term, out: tuple[Index, ...] = (), slots: tuple[Index, ...] = ()) -> MapEntry:
    """A map of the vector whose entry i is `body`."""
    return MapEntry(i, fresh(i.size), body, name, out, slots)
