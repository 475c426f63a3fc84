"""How long `gradproof check` takes on documents, beside a bare `import sympy` in a process of its own.

    python benchmarks/check_and_import.py [DOCUMENT...]

The target is a ratio of medians of at most 1.5: a check must not feel slower than loading the library under it. For several
documents in one check it is 3. Both sides run from compiled bytecode, as installed programs do, kept in one temporary folder
that the first, uncounted runs fill.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from medians import compare

ROOT = Path(__file__).resolve().parent.parent
TARGET = 1.5
TARGET_SEVERAL = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", type=Path, default=[ROOT / "examples" / "backpropagation.md"])
    parser.add_argument("--runs", type=int, default=11)
    arguments = parser.parse_args()
    documents = [str(document.resolve()) for document in arguments.documents]
    target = TARGET if len(documents) == 1 else TARGET_SEVERAL
    name = arguments.documents[0].name if len(documents) == 1 else f"({len(documents)} documents)"

    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(*command: str, allowed: tuple[int, ...] = (0,)) -> None:
            finished = subprocess.run(
                [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, check=False
            )
            if finished.returncode not in allowed:
                sys.exit(finished.stderr.decode())

        found = compare(
            lambda: run("-m", "derive.cli", "check", *documents, allowed=(0, 1)),
            lambda: run("-c", "import sympy"),
            arguments.runs,
        )
    print(found.row(f"gradproof check {name}:", "import sympy:"), f"(target {target})")
    return 0 if found.ratio <= target else 1


if __name__ == "__main__":
    sys.exit(main())
