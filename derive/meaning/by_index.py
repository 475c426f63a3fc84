r"""Arguments that are indices: `p(k \mid x) = e^{q_k}` defines one number for every class k, and a policy
`\pi_\theta(a) = e^{\theta^\top \phi_a} / \sum_b e^{\theta^\top \phi_b}` one for every action a.

Where the letter of an argument stands nowhere on the right side but as an index, the value is an entry of an array, and is
written as one. What else is in the parentheses reminds the reader of what the value depends on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.meaning.called import Called, calls_in, letters_of, lone_call, with_calls
from derive.meaning.calls import KNOWN_WORDS, plain
from derive.meaning.draft import Draft
from derive.meaning.letters import index_letters
from derive.meaning.naming import written
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Node, Number, Product, Scripted, Symbol, Word


@dataclass(frozen=True)
class ByIndex:
    """A value that is called with an index: which argument that is, and the others."""

    place: int
    reminders: tuple[Node, ...]


def tell_indices(draft: Draft) -> None:
    """Write what is called with an index as an entry."""
    found = {head: own for head, own in _definitions(draft) if _called_alike(draft, head, own)}
    if not found:
        return

    def change(call: Called) -> Node | None:
        own = found.get(call.head)
        if own is None or call.entry is not None or _reminders(call, own.place) != own.reminders:
            return None
        entry = Scripted(plain(call.head), call.arguments[own.place], span=call.span)
        if call.fence is not None:
            draft.said[entry] = Product((("", call.head), ("", call.fence)), span=call.span)
        return entry

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: with_calls(side, change))) for each in draft.placed
    )
    names = (written(plain(head)) for head in found)
    draft.values_of_vectors |= frozenset(repr(name.name) for name in names if name is not None)


def _definitions(draft: Draft) -> Iterator[tuple[Node, ByIndex]]:
    for each in draft.placed:
        statement = each.statement
        if statement.right is None or statement.relation not in EQUALITIES or statement.link or each.supposed:
            continue
        call = lone_call(statement.left)
        if call is None or call.entry is not None or call.sup is not None or not _is_plain(call.head):
            continue
        below, others = letters_of(statement.right)
        free = index_letters(statement.right)
        letters = [
            place
            for place, argument in enumerate(call.arguments)
            if isinstance(argument, Symbol) and argument.text in (below & free) - others
        ]
        if len(letters) == 1 and all(written(argument) is not None for argument in call.arguments):
            yield call.head, ByIndex(letters[0], _reminders(call, letters[0]))


def _is_plain(head: Node) -> bool:
    name = written(head)
    known = isinstance(head, Word) and head.text.lower() in KNOWN_WORDS
    return name is not None and not (name.primes or name.power is not None or name.transposed or known)


def _called_alike(draft: Draft, head: Node, own: ByIndex) -> bool:
    """Whether every call has a letter in the place of the index, and reminds of the same."""
    calls = [call for call in calls_in(draft.trees) if call.head == head]
    return all(
        len(call.arguments) == len(own.reminders) + 1
        and isinstance(call.arguments[own.place], Symbol | Number)
        and _reminders(call, own.place) == own.reminders
        for call in calls
    )


def _reminders(call: Called, place: int) -> tuple[Node, ...]:
    return (*call.arguments[:place], *call.arguments[place + 1 :])
