"""A page's statements to their verdicts, under the layout of derivatives that the page keeps to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from derive.meaning.collect import Understanding, understand
from derive.meaning.draft import Placed
from derive.meaning.naming import walk
from derive.meaning.scope import LAYOUTS
from derive.notation.tree import Derivative
from derive.proof.judge import judge, suggestions
from derive.verdicts import StatementVerdict, Verdict


@dataclass(frozen=True)
class Judged:
    """What was understood of a page, the verdict on each of its statements, and what holds for the page as a whole."""

    understanding: Understanding
    verdicts: tuple[StatementVerdict, ...]
    notes: tuple[str, ...] = ()


def judge_page(placed: Sequence[Placed], title: str = "", *, suggest: bool = True) -> Judged:
    """The verdicts on a page's statements.

    Pages lay out derivatives in more than one way, but each in one: where claims about derivatives fail, the other layouts are
    tried for the whole page, and the one under which most claims hold is kept. A claim that holds under another layout only is
    not called false unless the page's own layout is plain from more claims than speak for the other.
    """
    best = _judged(placed, title, 0)
    doubtful = [
        n for n, each in enumerate(placed) if best.verdicts[n].verdict is Verdict.REFUTED and _differentiates(each)
    ]
    notes: tuple[str, ...] = ()
    if doubtful:
        others = [
            _judged(placed, title, number)
            for number in range(1, len(LAYOUTS))
            if _mended(placed, title, number, doubtful)
        ]
        chosen = max((best, *others), key=_proved)
        rivals = [judged for judged in (best, *others) if judged is not chosen]
        if chosen is not best:
            notes = (chosen.understanding.vocabulary.layout.said,)
        best = replace(chosen, verdicts=_spared(chosen, rivals))
    verdicts = list(best.verdicts)
    if suggest:
        for number, verdict in enumerate(verdicts):
            if verdict.verdict is Verdict.REFUTED:
                verdicts[number] = replace(verdict, suggestions=suggestions(best.understanding, number))
    return Judged(best.understanding, tuple(verdicts), notes)


def _judged(placed: Sequence[Placed], title: str, layout: int) -> Judged:
    understanding = understand(placed, title, LAYOUTS[layout])
    return Judged(understanding, tuple(judge(understanding, number) for number in range(len(placed))))


def _mended(placed: Sequence[Placed], title: str, layout: int, doubtful: Sequence[int]) -> bool:
    """Whether a layout proves any of the claims that failed."""
    understanding = understand(placed, title, LAYOUTS[layout])
    return any(judge(understanding, number).verdict is Verdict.PROVED for number in doubtful)


def _proved(judged: Judged) -> int:
    return sum(verdict.verdict is Verdict.PROVED for verdict in judged.verdicts)


def _differentiates(each: Placed) -> bool:
    statement = each.statement
    return any(isinstance(node, Derivative) for side in (statement.left, statement.right) for node in walk(side))


def _spared(chosen: Judged, rivals: Sequence[Judged]) -> tuple[StatementVerdict, ...]:
    """The chosen verdicts, without refutations of what a layout that is as likely would prove."""
    verdicts = list(chosen.verdicts)
    for rival in rivals:
        differing = [
            (own.verdict is Verdict.PROVED, other.verdict is Verdict.PROVED)
            for own, other in zip(chosen.verdicts, rival.verdicts, strict=True)
        ]
        for_chosen = sum(own and not other for own, other in differing)
        for_rival = sum(other and not own for own, other in differing)
        if for_chosen > for_rival:
            continue
        for number, (own, other) in enumerate(differing):
            if other and not own and verdicts[number].verdict is Verdict.REFUTED:
                reason = f"holds in another layout of derivatives ({rival.understanding.vocabulary.layout.said})"
                verdicts[number] = StatementVerdict(verdicts[number].kind, "", Verdict.UNKNOWN, reason)
    return tuple(verdicts)
