"""What keeps a claim from being judged: definitions that were not understood, values that are not worked out, examples."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from derive.algebra.functions import KNOWN
from derive.algebra.names import Name
from derive.algebra.shifts import PLACE
from derive.algebra.terms import Entry, Fun, Partial, Term, names, walk
from derive.meaning.collect import Understanding
from derive.meaning.linear import linear_place, subscripts
from derive.meaning.naming import walk as nodes_of
from derive.meaning.naming import written
from derive.meaning.powers import OPAQUE
from derive.meaning.samples import degree
from derive.meaning.shapes import FAMILY
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Node, Number, Scripted, Sum, Symbol
from derive.theory import Theory

_NOTHING_BEYOND = "entries beyond the ends of arrays, where there are such terms, count as zero"
_SIGMA = Symbol(r"\sigma")


def sums_differ(theory: Theory, left: Term, right: Term) -> bool:
    """Whether sums over inputs are no common factor of both sides: only then is what holds for one input what holds for all."""
    degrees = {degree(theory, left), degree(theory, right)}
    return len(degrees) > 1 or not degrees <= {0, 1}


def of_one_beside_many(understanding: Understanding, used: Iterable[Name]) -> str:
    r"""What a page says of one input, in a claim about many: `\\sum_i (f(x_i) - y_i) a`, where the a of each `x_i` may be meant."""
    bases = {name.base for name in used}
    many = any(base.endswith(FAMILY) for base in bases)
    return min(bases & understanding.of_one_input, default="") if many else ""


def values_supposed(understanding: Understanding) -> bool:
    """Whether the page looks at an example: "if `x = 4` and `y = -3`"."""
    return any(
        meaning.kind == "assumption"
        and each.statement.relation in EQUALITIES
        and each.statement.left not in understanding.initial
        and not isinstance(each.statement.left, Number)
        and not (
            isinstance(each.statement.left, Symbol) and each.statement.left.text in understanding.vocabulary.clocks
        )
        and is_value(each.statement.right)
        for each, meaning in zip(understanding.placed, understanding.meanings, strict=True)
    )


def is_value(node: Node | None) -> bool:
    return isinstance(node, Number) or (
        isinstance(node, Sum) and len(node.terms) == 1 and isinstance(node.terms[0][1], Number)
    )


def taken_for_granted(theory: Theory, *terms: Term) -> tuple[str, ...]:
    """What a proof takes for granted of losses that are left general, and beyond the ends of arrays."""
    used = {
        node.of.name
        for term in terms
        for node in walk(term)
        if isinstance(node, Partial) and isinstance(node.of, Entry) and theory.left_general(node.of.name) is not None
    }
    beyond = any(
        isinstance(node, Entry) and node.name.base.startswith(PLACE)
        for term in terms
        for part in (term, *_definitions(theory, term))
        for node in walk(part)
    )
    granted = (_NOTHING_BEYOND,) if theory.ends is not None and beyond else ()
    return granted + tuple(
        f"{name!r} depends on {', '.join(map(repr, theory.left_general(name) or ()))} only"
        for name in sorted(used, key=repr)
    )


def _definitions(theory: Theory, term: Term) -> list[Term]:
    found = (theory.definitions.get(name) for name in names(term))
    return [definition.value.body for definition in found if definition is not None]


def gap(understanding: Understanding, *terms: Term) -> str | None:
    """A name or function that is used, directly or through definitions, and whose own definition was not understood."""
    if not understanding.broken and not understanding.unclear:
        return None
    theory = understanding.theory
    seen: set[Name] = set()
    found = unclear(understanding, terms)
    if found is not None:
        return found
    waiting = deque(sorted({name for term in terms for name in names(term)}, key=repr))
    while waiting:  # the nearest first
        name = waiting.popleft()
        if name in understanding.broken:
            return repr(name)
        if name in seen or len(seen) > 10_000:
            continue
        seen.add(name)
        definition = theory.definitions.get(name)
        if definition is not None:
            found = unclear(understanding, (definition.value.body,))
            if found is not None:
                return found
            waiting.extend(sorted(names(definition.value.body), key=repr))
    return None


def says_places_anew(understanding: Understanding, left: Node, right: Node) -> bool:
    r"""Whether a defined name's entries are given again, by entries at shifted places: notes write `S(i, j)` for the convolution
    and for the cross-correlation beside it."""
    shifts, vocabulary = understanding.vocabulary.shifts, understanding.vocabulary
    found = None if shifts is None else written(left, vocabulary.subscripted, vocabulary.layered)
    if shifts is None or found is None or not found.entries or found.name not in understanding.theory.definitions:
        return False
    return any(
        isinstance(node, Scripted)
        and not all(isinstance(item, Symbol) for item in subscripts(node))
        and any((place := linear_place(item, shifts.counts)) is not None and place[0] for item in subscripts(node))
        for node in nodes_of(right)
    )


def guessed_rank(understanding: Understanding, spoken: Iterable[Name]) -> Name | None:
    """A light small letter of which neither a declaration nor the text says what it is, and on whose rank the shapes of others
    rest: one of many examples, and anything over time, where single numbers are as common as vectors of them."""
    theory, table = understanding.theory, understanding.table
    seen: set[Name] = set()
    stack = sorted(spoken, key=repr)
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        arrays_of_examples = name.base.endswith(FAMILY)
        if (
            name in table.guessed
            and table.shapes[name].rank > arrays_of_examples
            and name.base[:1].islower()
            and (arrays_of_examples or theory.clock is not None)
            and (arrays_of_examples or name.base not in understanding.vocabulary.subscripted)
            and theory.definition(name) is None
        ):
            return name
        definition = theory.definition(name)
        if definition is not None and len(seen) < 1_000:
            stack += sorted(names(definition.value.body), key=repr)
    return None


def opaque(theory: Theory, *terms: Term) -> str:
    """Whether terms rest on values that are not worked out, such as an inverse, and whether derivatives do. What holds whatever
    such a value is, holds; nothing else can be said, and how it varies is not known."""
    if not theory.mentions(OPAQUE) and not any(name.base.startswith(OPAQUE) for term in terms for name in names(term)):
        return ""
    seen: set[Name] = set()
    stack = [node for term in terms for node in walk(term)]
    found = varies = False
    while stack:
        node = stack.pop()
        varies = varies or isinstance(node, Partial)
        if not isinstance(node, Entry) or node.name in seen or len(seen) > 10_000:
            continue
        seen.add(node.name)
        found = found or node.name.base.startswith(OPAQUE)
        definition = theory.definitions.get(node.name)
        if definition is not None:
            stack.extend(walk(definition.value.body))
    return "" if not found else "differentiated" if varies else "used"


def by_convention(understanding: Understanding) -> Theory | None:
    r"""The theory in which `\sigma` is the logistic function, where the page says so, or calls it without a word on what it is."""
    theory = understanding.theory
    own = theory.functions.get(_SIGMA.text)
    if own is None or own.body is not None or own.known:
        return None
    spoken = [
        each
        for each in understanding.placed
        if not each.display and any(part == _SIGMA for part in nodes_of((each.statement.left, each.statement.right)))
    ]
    if spoken and not any(_IS_LOGISTIC.match(each.after) or _LOGISTIC.search(each.before) for each in spoken):
        return None  # its text speaks of it, and says something else
    found = theory.kept.get("by convention")
    if not isinstance(found, Theory):
        logistic = replace(own, body=KNOWN["sigmoid"].definition)
        found = theory.kept["by convention"] = replace(theory, functions={**theory.functions, _SIGMA.text: logistic})
    return found


_KIND = r"(?:logistic|sigmoid)(?:\s+(?:sigmoid|function|activation|nonlinearity))*"
_IS_LOGISTIC = re.compile(
    rf"^\s*(?:,\s*)?(?:(?:is|be|being|denotes?|means|stands\s+for|for)\s+)?(?:the\s+)?(?:usual\s+|standard\s+)?{_KIND}\b",
    re.IGNORECASE,
)
_LOGISTIC = re.compile(rf"(?<!\ba )(?<!\bany )\b{_KIND}\s*(?:,|as|by|is|called|written)?\s*$", re.IGNORECASE)


def unclear(understanding: Understanding, terms: Iterable[Term]) -> str | None:
    functions = understanding.unclear
    if not functions:
        return None
    found = (node.function for term in terms for node in walk(term) if isinstance(node, Fun))
    return next((function for function in found if function in functions), None)
