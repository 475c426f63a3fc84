"""The task of `depth.py` beside tensorgrad and SymPy: all weight gradients of a sigmoid network of symbolic sizes, simplified.

    pip install tensorgrad
    python benchmarks/depth_elsewhere.py [--limit SECONDS]

Every row is a process of its own, ended after the limit. gradproof's task is the larger one: its row reads a page and proves both
gradients and the delta recursion of every layer. tensorgrad is no dependency, and is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

GRADPROOF = """
from benchmarks.depth import page
from derive.check import check_documents, read_text

def task(layers):
    formulas = check_documents([read_text(page(layers))]).documents[0].formulas
    assert all(formula.verdict.value in ("defined", "proved") for formula in formulas if formula.display)
"""

TENSORGRAD = """
import tensorgrad.functions as F
from sympy import symbols
from tensorgrad import Variable

def task(layers):
    sizes = symbols(" ".join(f"n{k}" for k in range(layers + 1)))
    h = Variable("x", n0=sizes[0])
    weights = []
    for k in range(1, layers + 1):
        W = Variable(f"W{k}", **{f"n{k}": sizes[k], f"n{k - 1}": sizes[k - 1]})
        weights.append(W)
        h = F.sigmoid(F.dot(W, h, dim=f"n{k - 1}"))
    loss = F.frobenius2(h - Variable("y", **{f"n{layers}": sizes[layers]}))
    for W in weights:
        loss.grad(W).full_simplify()
"""

SYMPY = """
from sympy import Lambda, MatrixSymbol, Rational, Symbol, exp, symbols

def task(layers):
    t = Symbol("t")
    sizes = symbols(" ".join(f"n{k}" for k in range(layers + 1)), integer=True, positive=True)
    h = MatrixSymbol("x", sizes[0], 1)
    weights = []
    for k in range(1, layers + 1):
        W = MatrixSymbol(f"W{k}", sizes[k], sizes[k - 1])
        weights.append(W)
        h = (W * h).applyfunc(Lambda(t, 1 / (1 + exp(-t))))
    y = MatrixSymbol("y", sizes[layers], 1)
    loss = Rational(1, 2) * (h - y).T * (h - y)
    for W in weights:
        loss.diff(W)
"""

TIMED = """
import sys
from time import perf_counter
start = perf_counter()
task(int(sys.argv[1]))
print(perf_counter() - start)
"""


def seconds(task: str, layers: int, limit: float) -> str:
    """How long a task takes after import, or what came in between."""
    command = [sys.executable, "-W", "ignore", "-c", task + TIMED, str(layers)]
    root = Path(__file__).resolve().parent.parent
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=limit, cwd=root, check=False)
    except subprocess.TimeoutExpired:
        return f"over {limit:.0f} s"
    if run.returncode:
        return run.stderr.strip().split("\n")[-1]
    return f"{float(run.stdout.split()[-1]):.2f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=60, help="seconds for a row (default: 60)")
    limit = parser.parse_args().limit
    tasks = {"gradproof": GRADPROOF, "SymPy": SYMPY}
    if find_spec("tensorgrad") is not None:
        tasks["tensorgrad"] = TENSORGRAD
    for name, task in tasks.items():
        for layers in (1, 2, 4, 8, 16, 32, 64):
            found = seconds(task, layers, limit)
            print(f"{name:12} {layers:3} layers: {found}", flush=True)
            if not found[:-2].replace(".", "").isdigit():
                break  # what more layers would do is no news
    return 0


if __name__ == "__main__":
    sys.exit(main())
