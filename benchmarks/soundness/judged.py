"""What gradproof says of generated claims, beside the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context

from benchmarks.soundness.documents import GeneratedDocument, Written, document


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
        return self.verdict in ({"refuted"} if self.claim.true else {"proved", "defined", "declared"})

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
            for found in pool.map(judge, islice(seeds, min(64, claims // 8 + 1)), chunksize=4):
                for each in found[: claims - done]:
                    done += 1
                    yield each
