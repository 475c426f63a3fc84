"""Every gradient formula of a sigmoid network, unfolded down to inputs and parameters, proved; beside SymPy's simplify.

    python benchmarks/unfolded_gradients.py [--sizes 2 2 2 1] [--limit SECONDS]

Ours are one claim for each weight matrix and bias, which covers its entries; SymPy is given every entry on its own,
since it cannot differentiate the network as matrices. The target is 0.1 s for all of ours, imports aside.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence

from medians import seconds
from sympy_simplify import prove as prove_by_sympy

from derive.algebra.arrays import Array, array, entrywise, hadamard, matmul, ones, plus, transpose
from derive.algebra.names import Name, fresh
from derive.algebra.normal import Normalizer
from derive.algebra.terms import Entry, Partial, Term, neg, transform
from derive.calculus import resolve
from derive.network import network
from derive.theory import Theory

TARGET = 0.1


def unfolded(theory: Theory, term: Term) -> Term:
    """A term with every defined name replaced by its definition, down to inputs and parameters."""

    def change(node: Term) -> Term | None:
        found = theory.unfold(node) if isinstance(node, Entry) else None
        return None if found is None else transform(found, change)

    return transform(term, change)


def claims(theory: Theory) -> Iterator[tuple[Term, Term]]:
    """(derivative by the chain rule, textbook formula) for each parameter, both unfolded.

    The textbook's are the four equations of backpropagation (Nielsen, Neural Networks and Deep Learning, chapter 2).
    """
    quantities = {repr(name): array(name, symbol.shape) for name, symbol in theory.symbols.items()}
    last = max(name.levels[0].offset for name in theory.symbols if name.base == "W")

    def slope(layer: int) -> Array:
        activation = quantities[f"a^({layer})"]
        return hadamard(activation, plus(ones(activation.shape), entrywise(neg, activation)))

    error = hadamard(plus(quantities[f"a^({last})"], entrywise(neg, quantities["y"])), slope(last))
    for layer in range(last, 0, -1):
        before = quantities[f"a^({layer - 1})"] if layer > 1 else quantities["x"]
        for base, formula in (("W", matmul(error, transpose(before))), ("b", error)):
            parameter = quantities[f"{base}^({layer})"]
            indices = tuple(fresh(length) for length in parameter.shape)
            derivative = resolve(theory, Partial(Entry(Name("L")), parameter.at(*indices)))
            yield unfolded(theory, derivative), unfolded(theory, formula.at(*indices))
        if layer > 1:
            error = hadamard(matmul(transpose(quantities[f"W^({layer})"]), error), slope(layer - 1))


def prove(sizes: Sequence[int]) -> int:
    """Prove all claims; their number. Exits when one is not proved."""
    theory = network(sizes=tuple(sizes), activation="sigmoid", loss="squared error")
    count = 0
    for left, right in claims(theory):
        if not Normalizer().equal(left, right):
            sys.exit(f"not proved: {left!r} = {right!r}")
        count += 1
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 2, 2, 1])
    parser.add_argument("--limit", type=float, default=60, help="seconds that SymPy gets")
    parser.add_argument("--runs", type=int, default=11)
    arguments = parser.parse_args()
    first = seconds(lambda: prove(arguments.sizes))
    median = statistics.median(seconds(lambda: prove(arguments.sizes)) for _ in range(arguments.runs))
    print(
        f"gradproof: {prove(arguments.sizes)} claims for {'-'.join(map(str, arguments.sizes))} proved, "
        f"first time {first:.4f} s, median of {arguments.runs} further runs {median:.4f} s (target {TARGET})"
    )
    proved, count, used = prove_by_sympy(arguments.sizes, arguments.limit)
    ended = "" if proved == count else f", stopped at the limit of {arguments.limit:.0f} s"
    print(f"SymPy's simplify: {proved} of {count} claims proved in {used:.2f} s{ended}")
    return 0 if first <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
