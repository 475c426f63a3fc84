"""Readers: a file in, a `Document` out. `read` picks the reader by the file's suffix."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from derive.readers.document import Document, UnreadableDocument

READERS = {
    ".md": "markdown:read_markdown",
    ".markdown": "markdown:read_markdown",
    ".myst": "markdown:read_markdown",
    ".qmd": "markdown:read_markdown",
    ".rmd": "markdown:read_markdown",
    ".ipynb": "notebook:read_notebook",
    ".tex": "latex:read_latex",
    ".rst": "restructured:read_restructured",
}
"""The reader of each suffix, by module and function: a module is imported when a file needs it."""

LARGEST = 50_000_000
"""The most bytes that a document may have."""


def read(path: str | Path) -> Document:
    """Read a document by its suffix; `-` is Markdown from standard input.

    Raises UnreadableDocument for a path that is missing or a folder, for an unknown suffix, for bytes that are not
    UTF-8 and for more than LARGEST bytes. An empty file is a Document without formulas.
    """
    name = str(path)
    suffix = ".md" if name == "-" else Path(name).suffix.lower()
    file = Path(name)
    if name != "-":
        if file.is_dir():
            raise UnreadableDocument(name, "is a folder", "name the files in it")
        if not file.exists():
            raise UnreadableDocument(name, "no such file")
        if suffix not in READERS:
            why = f"unknown kind of file {suffix!r}" if suffix else "no suffix"
            raise UnreadableDocument(name, why, f"known: {', '.join(READERS)}")
    text = _decode(name, _bytes(name, file))
    module, function = READERS[suffix].split(":")
    document = getattr(import_module(f"derive.readers.{module}"), function)(text, name)
    assert isinstance(document, Document)
    return document


def _bytes(name: str, file: Path) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableDocument(name, error.strerror or str(error)) from error
    if len(data) > LARGEST:
        raise UnreadableDocument(name, f"larger than {LARGEST // 1_000_000} MB", "split the document")
    return data


def _decode(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableDocument(name, "UTF-16, not UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8 {Path(name).name}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableDocument(
            name,
            f"not UTF-8: byte {error.start + 1} (line {line}) is 0x{data[error.start]:02x}",
            f"convert it, for instance: iconv -f LATIN1 -t UTF-8 {Path(name).name}",
        ) from error
