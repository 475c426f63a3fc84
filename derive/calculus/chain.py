r"""The chain rule through a theory's definitions.

Reverse mode, one definition at a time (Goodfellow, Bengio and Courville, Deep Learning, section 6.5; Griewank and Walther,
Evaluating Derivatives, section 3.2): for a quantity u that the definitions v_1, v_2, ... use directly,

    dL/du[j] = sum over v, sum over i of dL/dv[i] * dv[i]/du[j],

where `dv/du` is taken at the definition of v alone. What has not been worked out yet stays in the result as a `Partial`, so a
derivative of a deep network is as short as a textbook writes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.names import Index, Level, Name, fresh
from derive.algebra.rules import differentiate
from derive.algebra.steps import Direct, StepSum, at_level, fresh_letter, is_bound, picked, same_step, step_sum
from derive.algebra.terms import ONE, ZERO, Entry, Partial, Term, add, delta, mul, names, total, transform, walk
from derive.theory import Definition, Theory, family_letters

_MOST_STEPS = 100_000
_MOST_LAYERS = 12


class NotDifferentiable(Exception):
    """A derivative that cannot be worked out here, with the reason."""


def by_entry(entry: Entry, by: Entry) -> Term:
    """d x[i] / d x[j]: one where all indices agree.

    Raises:
        NotDifferentiable: the page gives the name two ranks.
    """
    if len(entry.indices) != len(by.indices):
        raise NotDifferentiable(f"{by.name!r} has {len(entry.indices)} indices here and {len(by.indices)} there")
    return mul(*(delta(i, j) for i, j in zip(entry.indices, by.indices, strict=True)))


def local(term: Term, by: Entry) -> Term:
    """The derivative of a term by an entry, every other name held fixed."""

    def entry(node: Entry) -> Term:
        same = _same_member(node.name, by.name)
        return ZERO if same is ZERO else mul(same, by_entry(node, by))

    def unresolved(node: Partial) -> Term:
        raise NotDifferentiable(f"{node!r} stands inside a derivative")

    return differentiate(term, entry, unresolved)


def _same_member(name: Name, other: Name) -> Term:
    """One where two names are the same; of the members of a family in a sum over its steps, the sum has to say where they are."""
    if name is other:
        return ONE
    levels = [*zip(name.levels, other.levels, strict=False)]
    if name.base != other.base or len(name.levels) != len(other.levels):
        return ZERO
    if not any(is_bound(a.letter) or is_bound(b.letter) for a, b in levels):
        return ZERO
    return mul(*(same_step(a, b) for a, b in levels))


def expand(theory: Theory, partial: Partial) -> Term:
    """One step of the chain rule: backwards from a scalar name, else forwards through the term's own definitions.

    Raises:
        NotDifferentiable: no definition leads from one to the other. The derivative may be zero, but a page that writes it down
            more often leaves the link to its reader, so zero is not what it means.
    """
    of, by = partial.of, partial.by
    if isinstance(of, Entry) and _given_before(theory, of.name) and of.name is not by.name:
        return ZERO
    if isinstance(of, Entry) and of.name is not by.name and _same_member(of.name, by.name) is not ZERO:
        return partial  # which of the two is the later is left open
    if isinstance(of, Entry) and _same_way_at_all(theory, of.name, by.name):
        body = theory.unfold(of)
        assert body is not None
        return forward(theory, body, by)
    if not _like_others(theory, by.name):
        return partial
    if not any(depends(theory, name, by.name) for name in names(of)):
        raise NotDifferentiable(f"by the page's definitions {_shown(of)} does not depend on {by.name!r}")
    scalar = (
        isinstance(of, Entry) and not of.indices and of.name is not by.name and theory.definition(of.name) is not None
    )
    if scalar and isinstance(of, Entry) and not _goes_on(theory, of.name):
        return backward_step(theory, of, by)
    if isinstance(of, Entry) and theory.left_general(of.name) is not None:
        if not theory.goes_into(by.name, of.name):
            return backward_step(theory, of, by)
        if any(depends(theory, of.name, user.name) for user in users(theory, by.name)):
            if theory.clock is None:
                raise NotDifferentiable(
                    f"{by.name!r} reaches {of.name!r} in more than one way, of which one is left general"
                )
            # the way that is left general has a slope of its own, of which nothing is known
            own = Name(rf"\partial {of.name!r}/\partial {by.name.base}", by.name.levels)
            return add(Entry(own, by.indices), backward_step(theory, of, by))
        return partial
    if isinstance(of, Entry) and of.name is not by.name:
        body = theory.unfold(of)
        if body is None:
            raise NotDifferentiable(f"nothing says how {of.name!r} depends on {by.name!r}")
        return forward(theory, body, by)
    return forward(theory, of, by)


def _same_way_at_all(theory: Theory, of: Name, by: Name) -> bool:
    """Whether a state at a bound step follows from one a few steps before it by the recursion alone, whichever step that is."""
    bound = [level for level in (*of.levels, *by.levels) if is_bound(level.letter)]
    if (
        theory.clock is None
        or len(bound) != 2
        or len(of.levels) != len(by.levels)
        or len({b.letter for b in bound}) > 1
    ):
        return False
    start = theory.clock[0].offset
    if any(  # a step of which the page says something else
        own.base == of.base and any(not level.letter and level.offset >= start for level in own.levels)
        for own in theory.definitions
    ):
        return False
    later = any(
        a.letter == b.letter and a.offset >= b.offset + (of.base == by.base)
        for a, b in zip(of.levels, by.levels, strict=True)
    )
    return later and theory.definition(of) is not None


def _like_others(theory: Theory, name: Name) -> bool:
    """Whether the chain rule takes the same step at every member that a bound letter stands for: the first and the last member of
    a family often have a rule of their own, and a sum over all of them has no place for that."""
    bound = [level for level in name.levels if is_bound(level.letter)]
    if not bound:
        return True
    if len(bound) > 1 or theory.clock is None:
        return False
    for owner in theory.owners(name.base):
        for used in theory.used(owner):
            if used.base != name.base or len(used.levels) != len(name.levels):
                continue
            for level, own in zip(used.levels, name.levels, strict=True):
                if own is not bound[0] or (is_bound(level.letter) and _runs_through(theory, owner, level.letter)):
                    continue
                if not level.letter or level.offset or all(level.letter != other.letter for other in owner.levels):
                    return False
    return True


def _runs_through(theory: Theory, owner: Name, letter: str) -> bool:
    """Whether a sum in a definition takes in every step."""
    return all(
        (node.first, node.last) == theory.clock
        for node in walk(theory.definitions[owner].value.body)
        if isinstance(node, StepSum) and node.letter == letter
    )


def through_parts(theory: Theory, of: Entry, by: Entry) -> Term | None:
    """The derivative of a total in terms of those of the parts that it is defined by; None where that is not plain."""
    body = theory.unfold(of)
    if body is None or of.name is by.name:
        return None
    same = {name for name in names(body) if name.base == by.name.base and name is not by.name}
    if any(theory.definition(name) is not None for name in same):
        return None
    used = {name for name in names(body) if name.base != by.name.base and depends(theory, name, by.name)}
    found = [_at_its_step(theory, local(body, by))]
    for name in sorted(used, key=repr):
        definition = theory.definitions.get(name)
        if definition is None or name.levels:
            return None
        part = Entry(name, tuple(fresh(index.size) for index in definition.value.indices))
        found.append(total(part.indices, mul(local(body, part), Partial(part, by))))
    return add(*found)


def _given_before(theory: Theory, name: Name) -> bool:
    """Whether a name is what a recursion starts from, `h_0`: a constant."""
    if theory.clock is None or not name.levels or any(level.letter for level in name.levels):
        return False
    first = theory.clock[0].offset
    return any(level.offset < first for level in name.levels) and theory.definition(name) is None


def _goes_on(theory: Theory, name: Name) -> bool:
    """Whether a quantity is a state: one that is defined by what it was a step before. Its derivative is taken the same way."""
    if theory.clock is None or not name.levels:
        return False
    states = theory.kept.setdefault("states", {})
    assert isinstance(states, dict)
    if name.base not in states:
        own = next(
            (own for own in theory.definitions if own.base == name.base and any(level.letter for level in own.levels)),
            None,
        )
        seen: set[str] = set()
        waiting = [] if own is None else [own]
        while waiting:
            for used in theory.used(waiting.pop()):
                if used.base not in seen:
                    seen.add(used.base)
                    waiting += [each for each in theory.definitions if each.base == used.base]
        states[name.base] = name.base in seen
    return bool(states[name.base])


def _shown(term: Term) -> str:
    return repr(term.name) if isinstance(term, Entry) else "the expression"


def forward(theory: Theory, term: Term, by: Entry) -> Term:
    """The total derivative of a term: names that depend on the variable keep their derivative as a `Partial`."""

    def entry(node: Entry) -> Term:
        if node.name is by.name:
            return by_entry(node, by)
        if _same_member(node.name, by.name) is not ZERO:
            return Partial(node, by)  # at one of the steps of its sum it is the variable itself
        if theory.clock is not None and theory.definition(node.name) is None and theory.left_general(node.name) is None:
            return ZERO  # what is given at one step does not follow from what is given at another
        return Partial(node, by) if depends(theory, node.name, by.name) else ZERO

    def unresolved(node: Partial) -> Term:
        return forward(theory, resolve(theory, node), by)

    return differentiate(term, entry, unresolved)


def at_definition(theory: Theory, of: Entry, by: Entry) -> Term | None:
    """The derivative of a quantity by one that stands in its definition, all else there held fixed; None where it does not."""
    body = theory.unfold(of)
    if body is None or by.name not in names(body) or of.name is by.name:
        return None
    try:
        return local(body, by)
    except NotDifferentiable:
        return None


def within_step(theory: Theory, term: Term) -> Term:
    """A term in which the derivatives at one step alone are worked out: other steps are held fixed."""

    def change(node: Term) -> Term | None:
        if not isinstance(node, Direct):
            return None
        of, by = node.of, node.by
        body = theory.unfold(of)
        if body is None:
            raise NotDifferentiable(f"nothing says how {of.name!r} depends on {by.name!r}")

        def entry(each: Entry) -> Term:
            if each.name is by.name:
                return by_entry(each, by)
            follows = each.name.levels == of.name.levels and theory.definition(each.name) is not None
            return within_step(theory, Direct(each, by)) if follows and depends(theory, each.name, by.name) else ZERO

        def unresolved(partial: Partial) -> Term:
            raise NotDifferentiable(f"{partial!r} stands inside a derivative")

        return differentiate(body, entry, unresolved)

    return transform(term, change)


def backward_step(theory: Theory, loss: Entry, by: Entry) -> Term:
    """d loss / d by, in terms of the derivatives of the loss by what uses `by` directly.

    Raises:
        NotDifferentiable: the loss is not a scalar name with a definition.
    """
    parts = []
    for user in users(theory, by.name):
        if user.name is not loss.name and not depends(theory, loss.name, user.name):
            continue  # a backward quantity, or another branch: no path to the loss
        indices = tuple(fresh(index.size) for index in user.value.indices)
        slope = _at_its_step(theory, local(user.value.at(*indices), by))
        if slope is ZERO:
            continue
        if user.name is loss.name:
            parts.append(slope)
        else:
            path = total(indices, mul(Partial(loss, Entry(user.name, indices)), slope))
            parts.append(over_all_steps(theory, path, loss.name, user.name, by.name))
    for general, direct in theory.general.items():
        if by.name not in direct:
            general = _general_member(general, direct, by.name) or general
        if general is not loss.name and theory.goes_into(by.name, general) and depends(theory, loss.name, general):
            parts.append(mul(Partial(loss, Entry(general)), Partial(Entry(general), by)))
    return add(*parts)


def _general_member(general: Name, direct: tuple[Name, ...], by: Name) -> Name | None:
    """The member of a family of numbers left general that depends on a name directly."""
    for own in direct:
        letters = family_letters(own, by) if own.levels else None
        if letters is not None:
            return Name(general.base, tuple(at_level(level, letters) for level in general.levels))
    return None


def _at_its_step(theory: Theory, slope: Term) -> Term:
    return slope if theory.clock is None else picked(slope, theory.clock[1])


def over_all_steps(theory: Theory, path: Term, loss: Name, user: Name, by: Name) -> Term:
    """A path through every member of a family at once: the sum over its steps, up to the loss's own where that has one."""
    known = {level.letter for level in (*loss.levels, *by.levels)}
    for level in user.levels:
        if is_bound(level.letter) and level.letter not in known:
            assert theory.clock is not None
            first, last = theory.clock
            path = step_sum(level.letter, first, loss.levels[0] if len(loss.levels) == 1 else last, path)
    return path


def resolve(theory: Theory, term: Term) -> Term:
    """A term with all its derivatives worked out, down to names that have none.

    Raises:
        NotDifferentiable: the chain rule goes on and on, as it does from layer l to layers l+1, l+2, ... of a family.
    """
    families = any(level.letter for name in theory.definitions for level in name.levels)
    for _ in range(_MOST_LAYERS if families else _MOST_STEPS):
        changed = transform(term, lambda node: expand(theory, node) if isinstance(node, Partial) else None)
        if changed is term:
            return term
        term = changed
    raise NotDifferentiable("the chain rule does not come to an end here")


def users(theory: Theory, name: Name) -> Iterator[Definition]:
    """The definitions that use a name directly, those of layer families at the layer where they do."""
    if not theory.has_families and theory.clock is None:
        yield from (theory.definitions[owner] for owner in theory.direct_users(name))
        return
    for owner in theory.owners(name.base):
        letters = {level.letter for level in owner.levels if level.letter}
        instances: dict[Name, None] = {}
        for used in theory.used(owner):
            timed = theory.clock is not None
            if used is name and not (timed and letters - {level.letter for level in name.levels}):
                instances[owner] = None
            elif used.base == name.base and len(used.levels) == len(name.levels) and (letters or timed):
                found = _instance(theory, owner, used, name)
                if found is not None and not _beyond(theory, found):
                    instances[found] = None
        for instance in instances:
            if instance is owner or instance not in theory.definitions:
                own = theory.definition(instance)
                if own is not None:
                    yield own


def _instance(theory: Theory, owner: Name, used: Name, name: Name) -> Name | None:
    """The member of a family in whose definition `name` stands where the family writes `used`."""
    letters: dict[str, Level] = {}
    for pattern, asked in zip(used.levels, name.levels, strict=True):
        if not pattern.letter:
            if pattern is not asked:
                return None
            continue
        if not is_bound(pattern.letter):  # a sum takes in every step
            letters[pattern.letter] = asked.shifted(-pattern.offset)
    if theory.clock is not None:  # what the name does not tell is every step
        missing = {level.letter for level in owner.levels if level.letter} - letters.keys() - {theory.clock[1].letter}
        letters |= {letter: Level(fresh_letter(), 0) for letter in sorted(missing)}
    levels = tuple(
        letters[level.letter].shifted(level.offset) if level.letter in letters else level for level in owner.levels
    )
    return Name(owner.base, levels)


def _beyond(theory: Theory, name: Name) -> bool:
    last = theory.last or (theory.clock and theory.clock[1])
    return last is not None and any(level.letter == last.letter and level.offset > last.offset for level in name.levels)


def depends(theory: Theory, name: Name, on: Name) -> bool:
    """Whether a quantity depends on another through the definitions. True where layers with different letters leave it open."""
    known = theory.rests_on(name, on)
    if known is not None:
        return known
    seen: set[Name] = set()
    stack = [name]
    first = 0 if theory.has_families or theory.general else theory.first_use(on)
    while stack:
        current = stack.pop()
        if current is on:
            return True
        if first and current in theory.definitions and theory.place(current) < first:
            continue
        if current in seen or len(seen) > 10_000:
            continue
        if any(level.letter and abs(level.offset) > _MOST_LAYERS for level in current.levels):
            continue  # what a family reaches at all, it reaches within a few layers: every layer is made like the next
        if current not in theory.definitions and _out_of_reach(current, on):  # a family reaches down without end
            continue
        seen.add(current)
        if current.base == on.base and _open(current, on):
            return True
        stack.extend(theory.left_general(current) or ())
        if current in theory.definitions:
            stack.extend(theory.used(current))
            continue
        definition = theory.definition(current)
        if definition is not None:
            stack.extend(names(definition.value.body))
    return False


def _open(current: Name, on: Name) -> bool:
    """Layers named by different letters may be the same or reach one another."""
    return any(a.letter != b.letter and (a.letter or b.letter) for a, b in zip(current.levels, on.levels, strict=False))


def _out_of_reach(current: Name, on: Name) -> bool:
    """Layers only look back, so a layer below the one asked for cannot depend on it."""
    return any(a.letter == b.letter and a.offset < b.offset for a, b in zip(current.levels, on.levels, strict=False))


def entry_of(theory: Theory, name: Name) -> Entry:
    """A name's entry at fresh indices of its shape."""
    symbol = theory.symbol(name)
    definition = theory.definition(name)
    if definition is not None:
        shape = definition.value.shape
    elif symbol is not None:
        shape = symbol.shape
    else:
        raise NotDifferentiable(f"{name!r} has no shape: it is neither declared nor defined")
    return Entry(name, tuple(fresh(length) for length in shape))


def gradient_entry(loss: Name, by: Name, indices: tuple[Index, ...]) -> Term:
    """d loss / d by at the given indices, not yet worked out."""
    return ONE if loss is by else Partial(Entry(loss), Entry(by, indices))
