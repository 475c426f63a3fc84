"""How long a page about a deep network takes: every layer written out, symbolic sizes, the delta recursion and all gradients.

    python benchmarks/depth.py [LAYERS]

The targets, after import: under 1 s for 64 layers, and twice as many layers in at most 2.3 times that.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from derive.check import check_documents, read_text

TARGET_SECONDS = 1.0
TARGET_GROWTH = 2.3
RUNS = 5


def page(layers: int) -> str:
    """Notes about a sigmoid network with that many layers."""
    return "\n\n".join(_paragraphs(layers))


def _paragraphs(layers: int) -> Iterator[str]:
    yield rf"Let $x \in \mathbb{{R}}^{{n_0}}$ and $y \in \mathbb{{R}}^{{n_{{{layers}}}}}$."
    yield r"The activation is $\sigma(t) = \frac{1}{1 + e^{-t}}$."
    yield "The input is $a^{(0)} = x$."
    for layer in range(1, layers + 1):
        below = layer - 1
        shape = rf"\mathbb{{R}}^{{n_{{{layer}}} \times n_{{{below}}}}}"
        yield rf"$W^{{({layer})}} \in {shape}$, $b^{{({layer})}} \in \mathbb{{R}}^{{n_{{{layer}}}}}$"
        pre_activation = rf"z^{{({layer})}} = W^{{({layer})}} a^{{({below})}} + b^{{({layer})}}"
        yield rf"$${pre_activation}, \qquad a^{{({layer})}} = \sigma(z^{{({layer})}})$$"
    yield rf"$$L = \frac{{1}}{{2}} \| a^{{({layers})}} - y \|^2$$"
    for layer in range(layers, 0, -1):
        delta = rf"\delta^{{({layer})}}"
        yield rf"$${delta} = \frac{{\partial L}}{{\partial z^{{({layer})}}}}$$"
        if layer == layers:
            yield rf"$${delta} = (a^{{({layer})}} - y) \odot \sigma'(z^{{({layer})}})$$"
        else:
            yield rf"$${delta} = (W^{{({layer + 1})}})^T \delta^{{({layer + 1})}} \odot \sigma'(z^{{({layer})}})$$"
        yield rf"$$\frac{{\partial L}}{{\partial W^{{({layer})}}}} = {delta} (a^{{({layer - 1})}})^T$$"
        yield rf"$$\frac{{\partial L}}{{\partial b^{{({layer})}}}} = {delta}$$"


def measure(layers: int) -> tuple[float, Counter[str]]:
    """Seconds from text to verdicts (the median of some runs), and the verdicts on the displayed formulas."""
    text = page(layers)
    seconds = []
    for _ in range(RUNS):
        start = perf_counter()
        report = check_documents([read_text(text)])
        seconds.append(perf_counter() - start)
    return median(seconds), Counter(f.verdict.value for f in report.documents[0].formulas if f.display)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="?", type=int, default=64)
    layers = parser.parse_args().layers
    once, verdicts = measure(layers)
    twice, more = measure(2 * layers)
    print(f"{layers} layers: {once:.2f} s (target {TARGET_SECONDS}), {dict(verdicts)}")
    print(f"{2 * layers} layers: {twice:.2f} s, {twice / once:.2f} times that (target {TARGET_GROWTH}), {dict(more)}")
    settled = set(verdicts) | set(more) <= {"defined", "proved"}
    return 0 if settled and once < TARGET_SECONDS and twice <= TARGET_GROWTH * once else 1


if __name__ == "__main__":
    sys.exit(main())
