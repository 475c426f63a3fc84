r"""A theory's numbers to many digits, straight from its definitions: no array operation, no rewriting, no stable form.

Slow, and meant for that: what the emitted code computes is held against it.

>>> from derive.network import network
>>> theory = network(sizes=(1, 1), activation="sigmoid")
>>> one = {name: [[1]] for name in theory.symbols if theory.symbols[name].role != "value"}
>>> round(float(Exact(theory, {}, one).loss()), 6)
0.007105
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from derive.algebra.names import Index, Name, Size
from derive.algebra.terms import (
    Add,
    Arg,
    Delta,
    Entry,
    Extent,
    Fun,
    Mul,
    Num,
    Positive,
    Pow,
    Term,
    Total,
    names,
)
from derive.theory import Theory
from numeric.batch import NotLowerable

Number = Any
"""mpmath carries no types."""

DIGITS = 50


class NoValue(Exception):
    """A formula that has no real value at these numbers, as a logarithm of something negative has none."""


def _functions() -> Mapping[str, Callable[[Number], Number]]:
    """Known functions by their definitions, which do not overflow at so many digits."""
    import mpmath as mp

    return {
        "exp": mp.exp,
        "log": mp.log,
        "sin": mp.sin,
        "cos": mp.cos,
        "tanh": mp.tanh,
        "erf": mp.erf,
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x)),
        "relu": lambda x: x if x > 0 else mp.mpf(0),
        "identity": lambda x: x,
        "pi": lambda _: +mp.pi,
    }


class Exact:
    """A theory at numbers: `sizes` for its open sizes, `given` for everything that is not defined, as rows of matrices (a
    vector's single index runs over whichever axis is longer than one)."""

    def __init__(self, theory: Theory, sizes: Mapping[Size, int], given: Mapping[Name, Any]) -> None:
        import mpmath as mp

        self.mp = mp
        self.theory, self.sizes = theory, sizes
        self.functions = _functions()
        self.inside = ""
        self.kinks: dict[str, Number] = {}
        """How near zero the argument of each step has come, by what stands there."""
        with mp.workdps(DIGITS):
            self.entries: dict[tuple[Name, tuple[int, ...]], Number] = {
                (name, at): mp.mpf(_entry(value, theory.symbols[name].row, at))
                for name, value in given.items()
                for at in product(*(range(self.length(length)) for length in theory.symbols[name].shape))
            }
        self.worked_out: dict[tuple[Name, tuple[int, ...]], Number] = {}

    def length(self, size: Size) -> int:
        return size.value if size.value is not None else self.sizes[size]

    def loss(self) -> Number:
        """The loss.

        Raises:
            NoValue: there is none at these numbers.
            NotLowerable: nothing says what a function is.
        """
        assert self.theory.loss is not None
        with self.mp.workdps(DIGITS):
            self.worked_out.clear()
            return self.entry(self.theory.loss, ())

    def entry(self, name: Name, at: tuple[int, ...]) -> Number:
        found = self.entries.get((name, at))
        if found is None:
            found = self.worked_out.get((name, at))
        if found is None:
            definition = self.theory.definition(name)
            if definition is None:
                raise NotLowerable(f"{name!r} is neither given nor defined")
            value = definition.value
            found = self.value(value.body, dict(zip(value.indices, at, strict=True)), None)
            self.worked_out[name, at] = found
        return found

    def value(self, term: Term, at: dict[Index, int], argument: Number) -> Number:
        """A term's value; `argument` is that of the function whose body it stands in."""
        mp = self.mp
        match term:
            case Num(value=value):
                return mp.mpf(value.numerator) / value.denominator
            case Extent(size=size):
                return mp.mpf(self.length(size))
            case Entry(name=name, indices=indices):
                return self.entry(name, tuple(at[index] for index in indices))
            case Delta(left=left, right=right):
                return mp.mpf(at[left] == at[right])
            case Arg():
                return argument
            case Add(terms=terms):
                return mp.fsum(self.value(part, at, argument) for part in terms)
            case Mul(factors=factors):
                return mp.fprod(self.value(part, at, argument) for part in factors)
            case Total(index=index, body=body):
                return mp.fsum(self.value(body, {**at, index: n}, argument) for n in range(self.length(index.size)))
            case Positive(argument=inner):
                x = self.value(inner, at, argument)
                self.met(inner, x)
                return mp.mpf(x > 0)
            case Pow(base=base, exponent=exponent):
                x = self.value(base, at, argument)
                if x == 0 and exponent < 0:
                    raise NoValue(f"{base!r} is 0 below the stroke")
                return self.real(mp.power(x, mp.mpf(exponent.numerator) / exponent.denominator), term)
            case Fun(function=name, order=0, argument=inner):
                return self.called(name, inner, self.value(inner, at, argument))
        raise NotLowerable(f"{term!r} has no value")

    def called(self, name: str, inner: Term, x: Number) -> Number:
        own = self.theory.functions.get(name)
        if own is not None and own.body is not None:
            self.inside = ", ".join(sorted(map(repr, names(inner)))) or name
            return self.value(own.body, {}, x)
        if name not in self.functions:
            raise NotLowerable(f"nothing says what the function {name} is")
        if name == "relu":
            self.met(inner, x)
        if name == "log" and x == 0:
            raise NoValue(f"the logarithm of {inner!r}, which is 0")
        return self.real(self.functions[name](x), inner)

    def met(self, where: Term, x: Number) -> None:
        """A step at zero, and how near it is."""
        title = ", ".join(sorted(map(repr, names(where)))) or self.inside
        self.kinks[title] = min(self.kinks.get(title, abs(x)), abs(x))

    def real(self, x: Number, where: Term) -> Number:
        if isinstance(x, self.mp.mpc):
            raise NoValue(f"{where!r} is no real number")
        return x


def _entry(value: Any, row: bool, at: tuple[int, ...]) -> Any:
    """An entry of a matrix, at the indices of what it stands for."""
    if len(at) == 2:
        return value[at[0]][at[1]]
    if not at:
        return value[0][0]
    return value[0][at[0]] if row else value[at[0]][0]
