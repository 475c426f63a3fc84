"""The example page's handout, built once for all tests that look at it, and what reads PDF files."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.handout import write_handout


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder of the example page's handout, and the lines that were printed on the way."""
    folder = tmp_path_factory.mktemp("handout")
    return folder, tuple(write_handout(root / "examples/backpropagation.md", folder))


@pytest.fixture(scope="session")
def folder(written: tuple[Path, tuple[str, ...]]) -> Path:
    return written[0]


@pytest.fixture(scope="session")
def engine() -> str:
    """A TeX engine. A skip is loud: `-ra` prints its reason, and `.ci/run` installs one."""
    found = shutil.which("pdflatex") or shutil.which("lualatex")
    if found is None:
        pytest.skip("no TeX engine is installed: install pdflatex to run this test")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no browser is installed: install chromium to run this test")
    return found


@pytest.fixture(scope="session")
def pdf_text() -> Callable[[bytes], str]:
    """All text of a PDF, without any white space."""
    from pypdf import PdfReader

    def read(data: bytes) -> str:
        return "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages)

    return read
