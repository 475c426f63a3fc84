"""Judges many generated claims, and holds each verdict against the oracle.

    python -m benchmarks.soundness [--claims 10000] [--seed 0] [--show N] [--document SEED]

The targets: no wrong verdict, at most 3 % unknown. The seed of every document that is judged wrongly, or not at all, is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from benchmarks.soundness.documents import document
from benchmarks.soundness.judged import judged

TARGET_UNKNOWN = 0.03


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
