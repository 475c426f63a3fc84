"""Facts about the names of a page, their truth at random points, and single mistakes in them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from benchmarks.soundness.documents import GeneratedDocument, Unsound, Written
from benchmarks.soundness.terms import Page, Term, size, term
from benchmarks.soundness.values import Misfit, Point, Unclear

POINTS = 3
EQUAL, DIFFERENT = 1e-6, 1e-3
SMALL = 1e-2
"""What is added to the size of values, so that zero can be told from noise."""
SHARE_OF_MUTANTS = 0.45


@dataclass(frozen=True)
class Fact:
    left: Term
    right: Term
    mistakes: tuple[tuple[str, Term], ...] = ()
    """Wrong right sides, beside those that are made from the right one."""
    said: str = ""


def mutants(node: Term, page: Page) -> Iterator[tuple[str, Term]]:
    """The formula with one mistake, for every mistake at every place."""
    yield from _mistakes(node, page)
    if node.op in ("gradient", "hessian", "entry"):
        return
    for place, child in enumerate(node.args):
        for mistake, changed in mutants(child, page):
            yield mistake, replace(node, args=(*node.args[:place], changed, *node.args[place + 1 :]))


def _mistakes(node: Term, page: Page) -> Iterator[tuple[str, Term]]:
    a = node.args
    match node.op:
        case "name" | "gradient":
            if page.rank(node) if node.op == "name" else page.rank(a[1]) and not page.rank(a[0]):
                yield "transpose", node.T
            yield from _confused(node, page)
        case "entry":
            for _, other in _confused(a[0], page):
                yield "variable", replace(node, args=(other,))
            letters = node.data.split()
            if len(letters) == 2 and a[0].op == "name":
                yield "index", a[0].at(*letters[::-1])
        case "transposed":
            yield "transpose", a[0]
        case "transposed inverse":
            yield "transpose", a[0].inv
            yield "inverse", a[0].T
        case "inverse":
            yield "inverse", a[0]
            yield "transpose", a[0].invT
        case "number":
            number = Fraction(node.data)
            if number:
                yield "factor", term(number * 2)
                yield "factor", term(number / 2)
        case "size":
            yield from (("size", size(other)) for other in page.letters if other != node.data)
        case "sum":
            yield "mean", (1 / size(node.data.split()[1])) @ node
        case "over":
            yield "factor", a[0]
            if a[1].op == "call" and a[1].data == "sqrt":
                yield "power", a[0] / a[1].args[0]
        case "power":
            yield "power", a[0]
        case "plus" if len(a) > 1:
            for place in range(len(a)):
                signs = node.data
                yield (
                    "sign",
                    replace(node, data=signs[:place] + {"+": "-", "-": "+"}[signs[place]] + signs[place + 1 :]),
                )
                yield "term", _without(node, place)
        case "product" | "times" if len(a) > 1:
            for place in range(len(a)):
                yield "missing", _without(node, place)
            if node.op == "times":
                yield "product", Term("product", a)
                return
            flat = [each for each in a if not _number(each, page)]
            if len(flat) == len(a) == 2:
                yield "product", Term("times", a)
            for place in range(len(a) - 1):
                one, other = a[place : place + 2]
                if not _number(one, page) and not _number(other, page):
                    yield "order", replace(node, args=(*a[:place], other, one, *a[place + 2 :]))
        case _:
            pass
    if node.op == "plus" and not node.data.startswith("-"):
        yield "sign", -node
    if node.op in ("product", "times", "sum", "over"):
        yield "sign", Term("plus", (node,), "-")
        yield "factor", 2 @ (node if node.op != "times" else Term("plus", (node,), "+"))


def _confused(node: Term, page: Page) -> Iterator[tuple[str, Term]]:
    named = node.args[1] if node.op == "gradient" else node
    if named.op != "name":
        return
    for group in page.alike:
        if named.data in group:
            for other in group:
                if other != named.data:
                    yield (
                        "variable",
                        Term("name", (), other) if node.op == "name" else node.args[0].by(Term("name", (), other)),
                    )


def _without(node: Term, place: int) -> Term:
    rest = (*node.args[:place], *node.args[place + 1 :])
    if node.op != "plus":
        return rest[0] if len(rest) == 1 else replace(node, args=rest)
    signs = node.data[:place] + node.data[place + 1 :]
    return rest[0] if signs == "+" else replace(node, args=rest, data=signs)


def _number(node: Term, page: Page) -> bool:
    """Whether it has no axes, as far as its form tells."""
    match node.op:
        case "name":
            return not page.dims[node.data]
        case "entry" | "number" | "size" | "delta" | "sum" | "power":
            return True
        case "over":
            return _number(node.args[0], page)
        case "call":
            return node.data not in ("diag", "softmax")
        case "product" | "times" | "plus":
            return all(_number(each, page) for each in node.args)
        case _:
            return False


def free(node: Term) -> set[str]:
    """The indices that no sum binds."""
    found = set(node.data.split()) if node.op in ("entry", "delta") else set()
    for child in node.args:
        found |= free(child)
    return found - {node.data.split()[0]} if node.op == "sum" else found


def _fits(node: Term, page: Page, over: Mapping[str, str]) -> bool:
    """Whether every index runs to the size of its axis."""
    if node.op == "sum":
        index, runs = node.data.split()
        over = {**over, index: runs}
    if node.op == "entry":
        names = node.args[0].args if node.args[0].op in ("gradient", "call") else node.args
        inner = [each.args[0] if each.op == "call" else each for each in names]
        axes = [axis for each in inner for axis in page.dims[each.data]]
        return [over[letter] for letter in node.data.split()] == axes
    return all(_fits(each, page, over) for each in node.args)


def _idle(node: Term) -> bool:
    """Whether a sum has nothing left to be summed in."""
    return (node.op == "sum" and node.data.split()[0] not in free(node.args[0])) or any(
        _idle(each) for each in node.args
    )


def truth(fact: Fact, right: Term, points: list[Point], over: Mapping[str, str]) -> bool | None:
    """True, false, or None where it cannot be told. `over` gives the size of every index."""
    letters = sorted(free(fact.left))
    worst = 0.0
    if not free(right) <= set(letters) or _idle(right) or not _fits(right, points[0].page, over):
        return None
    for point in points:
        for place in product(*(range(point.sizes[over[letter]]) for letter in letters)):
            at = dict(zip(letters, place, strict=True))
            try:
                with np.errstate(all="ignore"):
                    left, other = point.value(fact.left, at), point.value(right, at)
            except Misfit:
                return False
            except Unclear:
                return None
            if left.shape != other.shape:
                # a zero of another shape is a zero
                return None if not left.ndim or not other.ndim else False
            if not np.all(np.isfinite(left)) or not np.all(np.isfinite(other)):
                return None
            scale = SMALL + max(np.max(np.abs(left)), np.max(np.abs(other)))
            worst = max(worst, float(np.max(np.abs(left - other)) / scale))
    return True if worst <= EQUAL else False if worst >= DIFFERENT else None


WORDS = (
    "Hence", "It follows that", "By the chain rule,", "In the same way,", "We also have", "One finds", "This gives",
    "Next,", "Putting this together,", "A short computation shows",
)  # fmt: skip


def document(
    kind: str, seed: int, rng: random.Random, page: Page, facts: list[Fact], over: Mapping[str, str], most: int = 8
) -> GeneratedDocument:
    """The text of a page with some of the facts, in their order, and mistakes in some of these."""
    lines = ["# Notes", ""]
    for paragraph in page.said:
        lines += [paragraph, ""]
    points = [Point(page, seed, turn) for turn in range(POINTS)]
    chosen = sorted(rng.sample(range(len(facts)), min(most, len(facts))))
    written = []
    for fact in (facts[place] for place in chosen):
        if truth(fact, fact.right, points, over) is not True:
            raise Unsound(f"seed {seed}: {page.write(fact.left)} = {page.write(fact.right)}")
        mistake, right = "", fact.right
        if rng.random() < SHARE_OF_MUTANTS:
            found: dict[str, list[Term]] = {}
            for kind_of_mistake, changed in (*fact.mistakes, *mutants(fact.right, page)):
                found.setdefault(kind_of_mistake, []).append(changed)
            if found:
                mistake = rng.choice(sorted(found))
                right = rng.choice(found[mistake])
        told = truth(fact, right, points, over)
        if told is None or page.write(right) == page.write(fact.left):
            continue
        if fact.said or rng.random() < 0.5:
            lines += [fact.said or rng.choice(WORDS), ""]
        latex = f"{page.write(fact.left)} = {page.write(right)}"
        written.append(Written(len(lines) + 1, latex, told, mistake))
        lines += [f"$${latex}$$", ""]
    return GeneratedDocument(kind, seed, "\n".join(lines), tuple(written))
