"""What each statement is: declaration, definition, update, claim, expression or assumption."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from derive.algebra.names import Level, Name
from derive.meaning.draft import WHOLE, Draft, Meaning, Placed
from derive.meaning.layers import at_layer, layers_of, names_in
from derive.meaning.naming import Written, base_latex
from derive.meaning.optima import optimum
from derive.meaning.statements import CLAIMING
from derive.meaning.vocabulary import mentions
from derive.notation.tree import (
    Ellipsis,
    Fenced,
    Node,
    Number,
    Sequence,
    Symbol,
)
from derive.theory import family_letters

ZEROS = frozenset({r"\mathbf{0}", r"\vec{0}", r"\boldsymbol{0}"})


def classify(draft: Draft) -> None:
    """Definitions by chains: a chain whose head is a new name defines it by its last side, and claims the rest."""
    chains: dict[tuple[int, int], list[int]] = {}
    for place, each in enumerate(draft.placed):
        chains.setdefault((each.formula, each.statement.chain), []).append(place)
    for places in chains.values():
        _classify_chain(draft, places)
    if draft.copies:
        _add_copies(draft)


def _add_copies(draft: Draft) -> None:
    """What the page defines for one input for each of many, right behind what it is a copy of."""
    stated = draft.right_sides
    draft.right_sides = {}
    for name, side in stated.items():
        draft.right_sides[name] = side
        for copy in draft.copies:
            found = draft.plain_name(copy.left)
            own = found is not None and copy.base == name.base and found.name.levels == name.levels
            if found is not None and own and found.name not in stated:
                entries = found.entries
                letters = tuple(WHOLE if isinstance(each, Ellipsis) else base_latex(each) or "" for each in entries)
                draft.right_sides.setdefault(found.name, (copy.right, copy.line, letters))


def _classify_chain(draft: Draft, places: list[int]) -> None:
    first = draft.placed[places[0]]
    statement = first.statement
    if _starts(draft, places):
        return
    if first.supposed and statement.relation != r"\in":
        for place in places:
            draft.meanings[place] = Meaning("assumption")
        return
    if places[0] in draft.rules:
        draft.meanings[places[0]] = Meaning("declaration")
        return
    if statement.right is None:
        for place in places:
            draft.meanings[place] = Meaning("expression")
        return
    if statement.relation == r"\in":
        understood = _declare(draft, places[0], statement.left, statement.right)
        draft.meanings[places[0]] = Meaning("declaration" if understood else "expression")
        return
    if any(draft.placed[place].statement.relation not in CLAIMING for place in places):
        # an inequality, a proportionality: nothing that could be proved here
        for place in places:
            draft.meanings[place] = Meaning("expression")
        return
    head = draft.plain_name(statement.head)
    if head is None:
        return
    found = optimum(statement.right)
    if found is not None and not head.entries and head.name not in draft.right_sides:
        draft.optima.setdefault(head.name, (*found, first.line))
        draft.meanings[places[0]] = Meaning("definition", head.name)
        return
    if statement.restricted:  # what holds under a condition defines nothing by itself
        draft.in_cases.add(head.name)
        return
    if isinstance(statement.right, Number) and _is_case(draft, first, head):
        draft.meanings[places[0]] = Meaning("assumption")
        return
    if _runs(draft, head, statement.right) or _begins_range(draft, places, head):
        draft.meanings[places[0]] = Meaning("declaration", head.name)
        return
    if head.entries and _is_list(statement.right):  # `z_i = (z_{1i}, \\ldots, z_{Mi})`
        draft.meanings[places[0]] = Meaning("declaration", head.name)
        return
    if draft.table.may_be_columns(head.name, statement.right):
        return
    if draft.table.components(head.name, statement.right):
        draft.meanings[places[0]] = Meaning("declaration", head.name)
        return
    right_sides = [draft.placed[place].statement.right for place in places]
    if statement.relation in {"-=", "+="} or any(mentions(side, head.name, draft.vocabulary) for side in right_sides):
        for place in places:
            draft.meanings[place] = Meaning("update" if place == places[0] else "claim", head.name)
        return
    letters = tuple(WHOLE if isinstance(entry, Ellipsis) else base_latex(entry) or "" for entry in head.entries)
    if len(set(letters)) != len(letters) or not all(letters):
        return
    if head.entries and head.name.base in draft.vocabulary.entries_of:
        whole = Name(draft.vocabulary.entries_of[head.name.base], head.name.levels)
        head = replace(head, name=whole)
    if head.name in draft.right_sides or head.name in draft.optima or _covered(draft, head.name, statement.right):
        return
    for place, side in zip(places[:-1], right_sides[:-1], strict=True):
        # `a = z = W x`: every new name on the way is defined by its neighbour, the last of them by the last side
        following = draft.plain_name(side) if side is not None else None
        if following is None or following.entries or following.name in draft.right_sides or following.name is head.name:
            break
        assert side is not None
        draft.right_sides[head.name] = (side, first.line, letters)
        draft.meanings[place] = Meaning("definition", head.name)
        head, letters = following, ()
    last = right_sides[-1]
    assert last is not None
    draft.right_sides[head.name] = (last, first.line, letters)
    remaining = [place for place in places if draft.meanings[place].kind != "definition"]
    # the head equals the last side by definition, so a longer chain's first equality is read against it
    kind = "definition" if len(remaining) == 1 else "head of chain"
    draft.meanings[remaining[0]] = Meaning(kind, head.name)


def _declare(draft: Draft, place: int, left: Node, region: Node) -> bool:
    """Take a declaration in, and note where one name is declared again, with other sizes or, in another section, other values."""
    table = draft.table
    table.redeclared.clear()
    table.revalued.clear()
    understood = table.declare(left, region)
    name = draft.plain_name(left)
    if understood and name is not None:
        section = draft.placed[place].section
        before = [draft.placed[other].section for other in draft.declared.get(name.name, ())]
        if name.name in table.redeclared or (name.name in table.revalued and section not in before):
            draft.redeclared.setdefault(name.name, []).append(place)
        draft.declared.setdefault(name.name, []).append(place)
    return understood


def stands_for_all(entries: tuple[Node, ...]) -> bool:
    """Whether an entry is one like any other, and what is said of it is said of the array."""
    return all(isinstance(entry, Symbol | Ellipsis) for entry in entries) and len(set(entries)) == len(entries)


def _is_list(node: Node) -> bool:
    items = node.body.items if isinstance(node, Fenced) and isinstance(node.body, Sequence) else ()
    return any(isinstance(item, Ellipsis) for item in items)


def _starts(draft: Draft, places: list[int]) -> bool:
    """Whether `m_0 = 0`, or `m_0 = v_0 = 0`, says what families over time start with."""
    statements = [draft.placed[place].statement for place in places]
    value = statements[-1].right
    if value is None:
        return False
    number = value.text if isinstance(value, Number) else "0" if (base_latex(value) or "") in ZEROS else None
    if number is None or any(each.relation != "=" for each in statements) or not draft.vocabulary.clocks:
        return False
    names = [draft.plain_name(each.left) for each in statements]
    stepped = {name.base for name in names_in(draft.trees, draft.vocabulary) if _clock(draft, name) is not None}
    for name in names:
        if name is None or name.entries or len(name.name.levels) != 1 or name.name.base not in stepped:
            return False
        level = name.name.levels[0]
        given = 1 if _steps_on(draft, name.name.base) else 0  # `m_{t+1} = ...` for t = 1, 2, ... starts with `m_1`
        if level.letter or any(level.offset >= first.offset + given for first, _ in draft.vocabulary.clocks.values()):
            return False
    for place, name in zip(places, names, strict=True):
        assert name is not None
        draft.initial[name.name] = Fraction(number), draft.placed[place].line
        draft.meanings[place] = Meaning("assumption")
    return True


def _steps_on(draft: Draft, base: str) -> bool:
    r"""Whether a recursion is written for the next step, `m_{t+1} = \beta m_t + g_t`, where the page first does."""
    for each in draft.placed:
        head = draft.plain_name(each.statement.left)
        if head is None or head.name.base != base or each.statement.right is None or not head.name.levels:
            continue
        used = names_in([each.statement.right], draft.vocabulary)
        if any(name.base == base and _before(name, head.name) for name in used):
            return head.name.levels[0].offset > 0
    return False


def _clock(draft: Draft, name: Name) -> tuple[Level, Level] | None:
    """The range of a family's letter, where its members are steps in time."""
    found = (draft.vocabulary.clocks.get(level.letter) for level in name.levels)
    return next((clock for clock in found if clock is not None), None)


def _is_case(draft: Draft, each: Placed, head: Written) -> bool:
    """Whether `y = 0`, or `x_0 = 1`, picks a case: no claim in running text, nor where the name is defined already."""
    return not each.display or (head.name in draft.right_sides and not head.entries)


def _covered(draft: Draft, name: Name, right: Node) -> bool:
    """Whether a layer family defines a name already. Its base case, `a^1 = x`, it does not."""
    for family, (side, _, _) in draft.right_sides.items():
        if family.base != name.base or family_letters(family, name) is None:
            continue
        clock = _clock(draft, family)
        if clock is not None and all(not level.letter and level.offset >= clock[0].offset for level in name.levels):
            # `x_1 = b` beside `x_{t+1} = A x_t` is where the steps start
            later = name.levels[0].offset > clock[0].offset or name in draft.initial
            of_itself = any(used.base == name.base for used in names_in([right], draft.vocabulary))
            return later or of_itself or not _steps_on(draft, name.base)
        given = draft.plain_name(right)
        starts = given is not None and given.name.base != name.base and given.name not in draft.right_sides
        own = [used for used in names_in([side], draft.vocabulary) if used.base == name.base]
        recursive = bool(own)
        if clock is not None and own and all(_before(used, family) for used in own):
            return True  # a recursion forwards defines every member, `h_T` and `h_{t-1}` too
        lone = not any(level.letter for level in name.levels)
        return not (recursive or (starts and lone))
    return False


def _before(used: Name, family: Name) -> bool:
    pairs = zip(used.levels, family.levels, strict=False)
    return any(a.letter == b.letter and a.letter and a.offset < b.offset for a, b in pairs)


def _runs(draft: Draft, head: Written, right: Node) -> bool:
    """Whether `l = 1, 2, 3` or `i = 1, \\dots, n` says over what a layer or index letter runs."""
    if head.entries or head.name.levels or head.latex not in draft.letters:
        return False
    return isinstance(right, Number | Sequence | Ellipsis)


def _begins_range(draft: Draft, places: list[int], head: Written) -> bool:
    r"""Whether it is the beginning of `l = n - 1, n - 2, \ldots, 2`."""
    formula = draft.placed[places[0]].formula
    listed = any(
        each.formula == formula and isinstance(each.statement.left, Ellipsis) and each.statement.right is None
        for each in draft.placed
    )
    return listed and not head.entries and not head.name.levels and head.latex in draft.letters


def number_layers(draft: Draft) -> None:
    """A definition for layer l, on a page that numbers its layers, defines its name at each of them."""
    numbered = {
        name
        for name in names_in(draft.trees, draft.vocabulary)
        if name.levels and not any(level.letter for level in name.levels)
    }
    top = max((level.offset for name in numbered for level in name.levels), default=0)
    families = {
        name for name in (*draft.right_sides, *draft.table.shapes) if any(level.letter for level in name.levels)
    }
    for head, (right, line, letters) in list(draft.right_sides.items()):
        if len(head.levels) != 1 or not head.levels[0].letter:
            continue
        letter = head.levels[0].letter
        if letter in draft.vocabulary.clocks:
            continue

        def exists(name: Name, head: Name = head) -> bool:
            own = name.base == head.base and 0 <= name.levels[0].offset <= top
            covered = any(family is not head and family_letters(family, name) is not None for family in families)
            return name in numbered or own or covered

        wanted = [name for name in names_in([right], draft.vocabulary) if name.base != head.base]
        single = [name for name in wanted if any(level.letter == letter for level in name.levels)]
        if not single or all(
            any(family is not head and family_letters(family, name) is not None for family in families)
            for name in single
        ):
            continue
        layers = layers_of([right], letter, draft.vocabulary, exists)
        if not layers:
            continue
        del draft.right_sides[head]
        for number in layers:
            name = Name(head.base, (Level("", number + head.levels[0].offset),))
            draft.right_sides.setdefault(name, (at_layer(right, letter, number), line, letters))
