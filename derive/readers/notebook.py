"""A Jupyter notebook to a `Document`: places are lines and columns in a cell, with the cell's number."""

from __future__ import annotations

import json
from typing import Any

from derive.readers.assemble import Part, assemble, in_cell, split_lines
from derive.readers.document import CodeBlock, Document, Place, UnreadableDocument
from derive.readers.markdown import markdown_parts


def read_notebook(text: str, path: str = "") -> Document:
    """Read the Markdown and code cells of a notebook (nbformat 3 and 4); outputs and raw cells are left out.

    The Document's `lines` are empty, since a line number has a meaning only within a cell. Raises UnreadableDocument
    for text that is no notebook.
    """
    if not text.strip():
        return Document(path=path, lines=(), formulas=())
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise UnreadableDocument(path, f"not a notebook: {error}") from error
    except RecursionError as error:
        raise UnreadableDocument(path, "not a notebook: nested too deeply") from error
    parts: list[Part] = []
    title = ""
    for number, cell in enumerate(_cells(notebook, path), start=1):
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if not isinstance(source, str):
            raise UnreadableDocument(path, f"cell {number} has no text")
        if cell.get("cell_type") == "markdown":
            found, named = markdown_parts(split_lines(source))
            parts += [in_cell(part, number) for part in found]
            title = title or named
        elif cell.get("cell_type") == "code" and source:
            parts.append(CodeBlock(source, _language(notebook), Place(1, 1, number)))
    return assemble(path, (), parts, title)


def _cells(notebook: Any, path: str) -> list[dict[str, Any]]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet.get("cells") for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise UnreadableDocument(path, "not a notebook: it has no list of cells")
    return cells


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    name = info.get("name") if isinstance(info, dict) else None
    return name if isinstance(name, str) else "python"
