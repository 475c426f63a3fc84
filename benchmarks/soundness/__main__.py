"""Judges many generated claims, and holds each verdict against the oracle.

    python -m benchmarks.soundness [--claims 10000] [--seed 0] [--show N] [--document SEED]

The targets: no wrong verdict, at most 3 % unknown. The seed of every document that is judged wrongly, or not at all, is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context

from benchmarks.soundness.documents import GeneratedDocument, Written, document

TARGET_UNKNOWN = 0.03


@dataclass(frozen=True)
class Judged:
    """A claim with what was said of it."""

    seed: int
    kind: str
    claim: Written
    verdict: str
    reason: str

    @property
    def wrong(self) -> bool:
        return self.verdict == ("refuted" if self.claim.true else "proved")

    @property
    def right(self) -> bool:
        return self.verdict == ("proved" if self.claim.true else "refuted")


def judge(seed: int) -> list[Judged]:
    """What gradproof says of every claim of the document of that seed."""
    from derive.check import check_documents, read_text

    made: GeneratedDocument = document(seed)
    try:
        formulas = check_documents([read_text(made.text)]).documents[0].formulas
    except Exception as error:
        error.add_note(f"in document {seed}")
        raise
    said = {formula.line: formula for formula in formulas if formula.display}
    return [
        Judged(seed, made.kind, claim, said[claim.line].verdict.value, said[claim.line].reason) for claim in made.claims
    ]


def judged(claims: int, seed: int, workers: int | None = None) -> Iterator[Judged]:
    """That many claims, from the documents that begin at a seed."""
    # workers are fresh ones after a while: what JAX compiles for one document stays in memory, and is of no use to the next
    with ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=16) as pool:
        done = 0
        seeds = count(seed)
        while done < claims:
            for found in pool.map(judge, islice(seeds, 64), chunksize=4):
                for each in found[: claims - done]:
                    done += 1
                    yield each


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="how many claims without a right verdict are printed")
    parser.add_argument("--document", type=int, metavar="SEED", help="print the document of a seed, and nothing else")
    options = parser.parse_args()
    if options.document is not None:
        print(document(options.document).text)
        return 0
    by_kind: Counter[tuple[str, str]] = Counter()
    by_mistake: Counter[tuple[str, str]] = Counter()
    shown = 0
    for each in judged(options.claims, options.seed):
        outcome = "wrong" if each.wrong else "right" if each.right else "unknown"
        by_kind[each.kind, outcome] += 1
        by_mistake[each.claim.mistake or "none", outcome] += 1
        if not each.right and shown < options.show:
            shown += 1
            truth = "true" if each.claim.true else f"false ({each.claim.mistake})"
            print(
                f"document {each.seed}, {each.kind}: {truth}, and {each.verdict}: {each.claim.latex}\n    {each.reason}",
                flush=True,
            )
    for title, counts in (("kind of document", by_kind), ("mistake", by_mistake)):
        print(f"\n{title:22} right unknown wrong")
        for name in sorted({name for name, _ in counts}):
            print(f"{name:22} {counts[name, 'right']:5} {counts[name, 'unknown']:7} {counts[name, 'wrong']:5}")
    wrong = sum(number for (_, outcome), number in by_kind.items() if outcome == "wrong")
    unknown = sum(number for (_, outcome), number in by_kind.items() if outcome == "unknown")
    total = by_kind.total()
    print(f"\n{total} claims from seed {options.seed}: {wrong} wrong, {unknown} unknown ({unknown / total:.1%})")
    return 0 if not wrong and unknown <= TARGET_UNKNOWN * total else 1


if __name__ == "__main__":
    sys.exit(main())
