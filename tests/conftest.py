"""What tests of several rooms share: where the labelled corpus is, and the command as a user runs it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

Gradproof = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure() -> None:
    """One seed for the generated documents of a run, which may be given, for all of its processes."""
    os.environ.setdefault("GRADPROOF_SEED", str(random.SystemRandom().randrange(1 << 24)))


def pytest_report_header() -> str:
    return f"generated documents: GRADPROOF_SEED={os.environ['GRADPROOF_SEED']}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of this repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the labelled corpus: GRADPROOF_SHARED, else ../shared. A skip is loud: `-ra` prints its reason."""
    folder = Path(os.environ.get("GRADPROOF_SHARED", ROOT.parent / "shared"))
    if not (folder / "corpus").is_dir():
        pytest.skip(f"no labelled corpus in {folder}: set GRADPROOF_SHARED to its folder to run this test")
    return folder


@pytest.fixture(scope="session")
def gradproof() -> Gradproof:
    """Runs the command line in a process of its own: `gradproof("check", path, timeout=5)`."""

    def run(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "derive.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
            check=False,
        )

    return run
