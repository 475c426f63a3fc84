"""How long `gradproof check` takes on a document, beside a bare `import sympy` in a process of its own.

    python benchmarks/check_and_import.py [DOCUMENT]

The target is a ratio of medians of at most 1.5: a check must not feel slower than loading the library under it. Both sides
run from compiled bytecode, as installed programs do, kept in one temporary folder that the first, uncounted runs fill.
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", nargs="?", type=Path, default=ROOT / "examples" / "backpropagation.md")
    parser.add_argument("--runs", type=int, default=11)
    arguments = parser.parse_args()

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
            lambda: run("-m", "derive.cli", "check", str(arguments.document), allowed=(0, 1)),
            lambda: run("-c", "import sympy"),
            arguments.runs,
        )
    print(found.row(f"gradproof check {arguments.document.name}:", "import sympy:"), f"(target {TARGET})")
    return 0 if found.ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
