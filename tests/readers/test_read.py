"""Choosing a reader, and files that cannot be read at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from derive.readers import LARGEST, read
from derive.readers.document import UnreadableDocument


def test_an_empty_file_has_no_formulas(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_bytes(b"")
    document = read(tmp_path / "empty.md")
    assert document.formulas == ()
    assert document.lines == ()


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".MD", ".qmd", ".Rmd", ".myst"])
def test_markdown_by_any_name(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"notes{suffix}"
    file.write_bytes("\ufeff$a$\r\n".encode())
    assert [(f.latex, f.place.line, f.place.column) for f in read(file).formulas] == [("a", 1, 1)]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"$a$")))
    document = read("-")
    assert document.path == "-"
    assert document.formulas[0].latex == "a"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes("a\ncafé".encode("latin-1"))
    (tmp_path / "wide.md").write_bytes("a".encode("utf-16"))
    (tmp_path / "a.docx").write_bytes(b"x")
    (tmp_path / "plain").write_bytes(b"x")
    with (tmp_path / "large.md").open("wb") as file:
        file.truncate(LARGEST + 1)
    for name, message in {
        "missing.md": "no such file",
        "": "is a folder",
        "latin.md": r"byte 6 \(line 2\) is 0xe9 \(convert it, for instance: iconv",
        "wide.md": "UTF-16",
        "a.docx": r"unknown kind of file '.docx' \(known: .md",
        "plain": "no suffix",
        "large.md": "larger than 50 MB",
    }.items():
        with pytest.raises(UnreadableDocument, match=message) as caught:
            read(tmp_path / name)
        assert caught.value.path == str(tmp_path / name)
