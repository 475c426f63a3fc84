"""A page's statements in the forms that the rest of the reading knows, each step by what the page itself shows: index letters,
examples, rows and steps are told from names, and what is only another way of writing is written in one way.

Nothing here depends on shapes or on how derivatives are laid out, so a page is rewritten once, however often it is understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.meaning.by_index import tell_indices
from derive.meaning.cases import gather_cases
from derive.meaning.draft import Draft, Placed
from derive.meaning.examples import tell_examples
from derive.meaning.functions import take_off_arguments
from derive.meaning.gradients import tell_slopes_of_losses
from derive.meaning.inputs import tell_inputs
from derive.meaning.letters import tell_letters
from derive.meaning.listed import tell_constant_terms, tell_lists, tell_primes
from derive.meaning.maps import tell_gradients, tell_maps
from derive.meaning.naming import base_latex, walk
from derive.meaning.of_vectors import tell_functions_of_vectors
from derive.meaning.outcomes import write_out_values
from derive.meaning.overloads import tell_changes, tell_overloads
from derive.meaning.parenthesised import tell_entries
from derive.meaning.parts import tell_parts
from derive.meaning.prose import numbers, spoken_vectors
from derive.meaning.rows import tell_rows, tell_rows_of_derivatives
from derive.meaning.samples import tell_samples
from derive.meaning.scope import Vocabulary
from derive.meaning.shapes import ShapeTable, size_letters
from derive.meaning.shifts import shifts_of
from derive.meaning.shorthand import tell_bars
from derive.meaning.spelling import put_together
from derive.meaning.squares import tell_squares
from derive.meaning.statements import EQUALITIES, Statement
from derive.meaning.steps import tell_steps
from derive.meaning.turned import turn_sums
from derive.meaning.vocabulary import vocabulary_of
from derive.notation.tree import Fenced, Product, Scripted, Sequence, Symbol


def rewritten(placed: Iterable[Placed], title: str = "") -> Draft:
    """The draft of a page, its statements rewritten and its names told."""
    draft = Draft(title, tuple(placed), Vocabulary(), ShapeTable(Vocabulary()))
    draft.vocabulary = vocabulary_of(draft.trees)
    gather_cases(draft)
    tell_bars(draft)
    tell_squares(draft)
    tell_primes(draft)
    tell_constant_terms(draft)
    tell_entries(draft)
    tell_letters(draft)
    tell_lists(draft)
    draft.samples = tell_samples(draft)
    turn_sums(draft)
    tell_steps(draft)
    tell_gradients(draft)
    tell_rows_of_derivatives(draft)
    tell_parts(draft)
    tell_examples(draft)
    tell_rows(draft)
    tell_overloads(draft)
    tell_changes(draft)
    put_together(draft)
    tell_inputs(draft)
    draft.vocabulary = vocabulary_of(draft.stated)
    draft.numbers = numbers(draft.placed, size_letters(draft.trees))
    draft.maps = tell_maps(draft)
    write_out_values(draft)
    tell_functions_of_vectors(draft)
    tell_indices(draft)
    tell_slopes_of_losses(draft)
    take_off_arguments(draft)
    _keep_vectors(draft)
    draft.shifts = shifts_of(draft)
    return draft


def _keep_vectors(draft: Draft) -> None:
    r"""Where the text calls X a vector, there is an `X = (X_1, \ldots, X_p)`, or an `X_j = ...`, `x_{ij}` is no
    entry of it."""
    vectors = {base_latex(node) for node, _ in spoken_vectors(draft.placed)}
    vectors |= {base_latex(each.statement.left) for each in draft.placed if _lists_own_entries(each.statement)}
    vectors |= {
        base_latex(each.statement.left.base)
        for each in draft.placed
        if isinstance(each.statement.left, Scripted)
        and isinstance(each.statement.left.sub, Symbol)
        and each.statement.left.sup is None
        and each.statement.relation in EQUALITIES
    }
    vectors.discard(None)
    if vectors:
        twice = {
            base_latex(node.base)
            for tree in draft.trees
            for node in walk(tree)
            if isinstance(node, Scripted) and isinstance(node.sub, Product | Sequence)
        }
        whole = draft.vocabulary.entries_of.items()
        kept = {light: own for light, own in whole if own not in vectors or light not in twice}
        draft.vocabulary = replace(draft.vocabulary, entries_of=kept)


def _lists_own_entries(statement: Statement) -> bool:
    right = statement.right
    items = right.body.items if isinstance(right, Fenced) and isinstance(right.body, Sequence) else ()
    own = [item.base for item in items if isinstance(item, Scripted) and item.sub is not None]
    return len(own) > 1 and all(base == statement.left for base in own)
