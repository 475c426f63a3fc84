"""The `gradproof` command. Each verb imports what it needs when it runs, so that `--help` and `check` stay quick.

Exit status of `check`: 0 when nothing was refuted, 1 when something was (with `--strict` also when something stayed
undecided). Every verb exits with 2 when it could not do its work, else with 0.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from derive.options import constant_option, seed_option, size_option, training_options

if TYPE_CHECKING:
    from derive.readers.document import Document
    from derive.theory import Theory
    from derive.verdicts import Report

NOTHING_REFUTED, REFUTED, NOT_DONE = 0, 1, 2
INTERRUPTED = 130
"""How shells count a program that Ctrl-C ended: 128 + SIGINT."""

# click rewraps help unless a paragraph opens with \b.
_EXAMPLES = {
    "all": """\b
Examples:
  gradproof check notes.md              judge every formula of a document
  gradproof derive notes.md             print the backward pass step by step
  gradproof emit notes.md -o net.py     write the network as NumPy code
  gradproof train notes.md --data xor   train exactly that code
  gradproof gradcheck notes.md          its gradients against other differentiations
  gradproof report notes.md -o out/     everything as a handout: PDF, TeX, HTML, code, JSON
""",
    "check": """\b
Examples:
  gradproof check notes.md
  gradproof check --strict --statistics chapters/
  gradproof check --format json notes.md > verdicts.json
  cat notes.md | gradproof check -

Exit status: 0 nothing refuted, 1 something refuted (with --strict also: unknown or unread), 2 not checked.
""",
    "derive": """\b
Examples:
  gradproof derive notes.md
  gradproof derive notes.md --by 'W^{(2)}'
  gradproof derive notes.md --format latex > derivation.tex
""",
    "emit": """\b
Examples:
  gradproof emit notes.md
  gradproof emit notes.md -o net.py
  gradproof emit notes.md --target jax -o net.py
  gradproof emit notes.md --target numba --size n_1=2 --size n_2=1 -o net.py
""",
    "train": """\b
Examples:
  gradproof train notes.md --data xor
  gradproof train notes.md --data xor --seed 7 --epochs 20000 --rate 0.5
  gradproof train notes.md --data xor --starts 1000
  gradproof train notes.md --data xor --constant lambda_=0.01
  gradproof train notes.md --data iris.csv --targets species --optimizer adam --rate 0.01 --batch 16 --patience 200
  gradproof train notes.md --data moons --epochs 5000 --save run.npz --history run.json
  gradproof train notes.md --data moons --epochs 9000 --resume run.npz
""",
    "gradcheck": """\b
Examples:
  gradproof gradcheck notes.md
  gradproof gradcheck notes.md --size n_1=8 --points 10 --seed 1
  gradproof gradcheck notes.md --format json

Exit status: 0 all agree, 1 some differ, 2 not checked.
""",
    "report": """\b
Examples:
  gradproof report notes.md -o out/
  gradproof report notes.md -o out/ --pdf-engine latex
""",
}

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class NotDone(click.ClickException):
    """The command could not do its work: a message on standard error, exit status 2."""

    exit_code = NOT_DONE


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"gradproof {_version()}")
    context.exit()


def _version() -> str:
    """The version of the code that runs: of the source tree it stands in, if it does, else of what is installed.

    In this order, since another copy may be installed beside a source tree.
    """
    from importlib.metadata import version

    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if not project.is_file():
        return version("gradproof")
    import tomllib

    found = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return str(found["version"]) if found["name"] == "gradproof" else version("gradproof")


@click.group(context_settings=CONTEXT, epilog=_EXAMPLES["all"])
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
def cli() -> None:
    """Read notes on neural networks, prove or refute each formula from the notes' own definitions, and turn what was
    understood into a derivation, NumPy code and a handout."""


document_argument = click.argument("path", type=click.Path(path_type=Path))
color_option = click.option(
    "--color/--no-color", default=None, help="Colour always or never; else as the terminal and NO_COLOR say."
)


@cli.command(epilog=_EXAMPLES["check"])
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs, workflow commands for GitHub.",
)
@click.option("--strict", is_flag=True, help="Exit 1 also when a formula stays unknown or unread.")
@click.option(
    "--statistics", is_flag=True, help="Add how many displayed formulas got a definite verdict, and why others did not."
)
@click.option("-v", "--verbose", is_flag=True, help="List the formulas without a fault too.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes for many documents.  [default: one for each CPU]")
@color_option
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    output: str,
    strict: bool,
    statistics: bool,
    verbose: bool,
    jobs: int | None,
    color: bool | None,
) -> None:
    """Prove or refute every formula.

    PATHS are documents, and folders of documents; `-` is Markdown from standard input.
    """
    from reports.progress import progress_bar

    documents, unreadable = _read_all(paths)
    with progress_bar("checking", color) as told:
        report = _judge(documents, told, jobs)
    if output == "json":
        from reports import json

        click.echo(json.write(report))
    elif output == "github":
        from reports import github

        click.echo(github.write(report))
    else:
        from reports.terminal import make_console, print_report

        print_report(report, documents, make_console(color), verbose=verbose, statistics=statistics)
    context.exit(NOT_DONE if unreadable else _status(report, strict))


@cli.command(epilog=_EXAMPLES["derive"])
@document_argument
@click.option("--by", "names", multiple=True, metavar="NAME", help="Only the derivative by NAME; may be repeated.")
@click.option(
    "--format", "output", type=click.Choice(["text", "latex"]), default="text", show_default=True, help="How to print."
)
def derive(path: Path, names: tuple[str, ...], output: str) -> None:
    """Print the backward pass step by step.

    Every step is one application of the chain rule to the loss that the document at PATH defines.
    """
    from reports.derivation import write

    with _failing_politely(path):
        click.echo(write(_theory(path), names, output))


@cli.command(epilog=_EXAMPLES["emit"])
@document_argument
@click.option(
    "--target",
    type=click.Choice(["numpy", "jax", "torch", "numba"]),
    default="numpy",
    show_default=True,
    help="The library to write for; numba is a fused kernel for small fixed sizes.",
)
@size_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else standard output."
)
def emit(path: Path, target: str, sizes: dict[str, int], output: Path | None) -> None:
    """Write the network as code.

    The module needs nothing but the library that it is written for. It has the forward pass of the document at PATH, its
    loss, the derived gradients, and a step.
    """
    import numeric

    with _failing_politely(path):
        source = numeric.compile(_theory(path)).emit(target, sizes)
    if output is None:
        click.echo(source, nl=False)
    else:
        _save(output, source)


@cli.command(epilog=_EXAMPLES["train"])
@document_argument
@training_options
@color_option
def train(path: Path, color: bool | None, **options: Any) -> None:
    """Train the network that the document defines.

    What runs is exactly the code that `emit` writes for the document at PATH. The same options give the same weights.
    """
    from reports.terminal import make_console
    from reports.training import Order, print_training

    with _failing_politely(path):
        print_training(_theory(path), Order(**options), make_console(color))


@cli.command(epilog=_EXAMPLES["gradcheck"])
@document_argument
@click.option("--points", type=click.IntRange(1), default=3, show_default=True, help="At how many random points.")
@seed_option
@size_option
@constant_option
@click.option(
    "--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
@color_option
@click.pass_context
def gradcheck(
    context: click.Context,
    path: Path,
    points: int,
    seed: int,
    sizes: dict[str, int],
    constants: dict[str, float],
    output: str,
    color: bool | None,
) -> None:
    """Check the derived gradients of the document at PATH.

    The code that `emit` writes is held against differences of the document's own formulas, worked out to 50 digits, and
    against the automatic differentiation of JAX and PyTorch, where they are installed.
    """
    from numeric.gradcheck import gradcheck as checked
    from reports.gradients import as_json, print_check
    from reports.progress import progress_bar
    from reports.terminal import make_console

    with _failing_politely(path), progress_bar("checking gradients", color) as told:
        theory = _theory(path)
        found = checked(theory, points=points, seed=seed, sizes=sizes, constants=constants, progress=told)
    if output == "json":
        click.echo(as_json(found, theory.title))
    else:
        print_check(found, theory.title, make_console(color))
    context.exit(NOTHING_REFUTED if found.agrees else REFUTED)


@cli.command(epilog=_EXAMPLES["report"])
@document_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out"),
    show_default=True,
    help="The folder to write into.",
)
@click.option(
    "--pdf-engine",
    type=click.Choice(["typst", "latex"]),
    default="typst",
    show_default=True,
    help="What sets the PDF: typst needs no TeX, latex needs pdflatex or lualatex.",
)
def report(path: Path, output: Path, pdf_engine: str) -> None:
    """Write a handout: PDF, TeX, HTML, code, verdicts.

    The folder gets report.pdf, report.tex, report.html, the NumPy module and verdicts.json for the document at PATH.
    """
    from reports.handout import EngineFailed, write_handout

    with _failing_politely(path):
        try:
            for written in write_handout(path, output, pdf_engine=pdf_engine):
                click.echo(written)
        except EngineFailed as error:
            raise NotDone(str(error)) from error
        except OSError as error:
            raise NotDone(f"{error.filename or output}: {error.strerror}") from error


def _read_all(paths: Sequence[Path]) -> tuple[list[Document], bool]:
    """The documents that can be read, and whether any cannot, which is said at once on standard error."""
    from derive.readers import read
    from derive.readers.document import UnreadableDocument

    documents, errors = [], []
    for path in paths:
        try:
            inside = _documents_in(path) if path.is_dir() else [path]
        except UnreadableDocument as error:
            errors.append(error)
            continue
        for each in inside:
            try:
                documents.append(read(each))
            except UnreadableDocument as error:
                errors.append(error)
    for told in errors:
        click.echo(f"gradproof: {told}", err=True)
    return documents, bool(errors)


def _documents_in(folder: Path) -> list[Path]:
    """The documents in a folder and below it, without what is hidden.

    Raises:
        UnreadableDocument: there are none.
    """
    from derive.readers import READERS
    from derive.readers.document import UnreadableDocument

    found = sorted(each for each in folder.rglob("*") if each.suffix.lower() in READERS and each.is_file())
    visible = [each for each in found if not any(part[0] == "." for part in each.relative_to(folder).parts)]
    if not visible:
        raise UnreadableDocument(str(folder), "a folder without documents", f"known: {', '.join(READERS)}")
    return visible


def _judge(documents: Sequence[Document], told: Callable[[int, int], None], jobs: int | None = None) -> Report:
    from derive.check import check_documents

    if jobs is None:
        jobs = _cpus() if sum(len(document.formulas) for document in documents) >= _WORTH_A_PROCESS else 1
    # Of a single document only its end would be told.
    return check_documents(documents, told if len(documents) > 1 else None, jobs)


_WORTH_A_PROCESS = 40
"""So many formulas take longer than starting a second process."""


def _cpus() -> int:
    """The CPUs that this process may use. Where a process cannot be forked, starting one takes longer than most documents."""
    import os

    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _status(report: Report, strict: bool) -> int:
    counts = report.summary
    undecided = counts["unknown"] + counts["unread"] if strict else 0
    return REFUTED if counts["refuted"] or undecided else NOTHING_REFUTED


def _theory(path: Path) -> Theory:
    from derive.check import theory_of
    from derive.readers import read

    return theory_of(read(path))


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotDone(f"{path}: {error.strerror}") from error


@contextmanager
def _failing_politely(path: Path) -> Iterator[None]:
    """What is wrong with a document, rather than with this program, becomes one line on standard error."""
    from derive.calculus import NotDifferentiable
    from derive.readers.document import UnreadableDocument
    from numeric import NotLowerable
    from numeric.checkpoint import Unresumable
    from numeric.files import UnreadableData
    from numeric.gradcheck import Unchecked
    from numeric.train import DataMismatch, Diverged
    from reports.training import Unfitting

    try:
        yield
    except (UnreadableDocument, UnreadableData, Unresumable, Unfitting) as error:
        raise NotDone(str(error)) from error
    except (NotDifferentiable, NotLowerable, DataMismatch, Diverged, Unchecked) as error:
        raise NotDone(f"{path}: {error}") from error
    except ImportError as error:
        if error.name in ("typst", "matplotlib"):
            raise NotDone(f"{error.name} is not installed: pip install 'gradproof[report]'") from error
        if error.name == "numba":
            raise NotDone("numba is not installed: pip install 'gradproof[numba]'") from error
        raise
    except OSError as error:
        if error.filename is None:  # a full disk under standard output, say: no file of this command's
            raise
        raise NotDone(f"{error.filename}: {error.strerror}") from error


def main() -> None:
    """Run the command. A fault of this program is no verdict, so it ends with status 2, never with 1."""
    _open_missing_streams()
    if hasattr(signal, "SIGPIPE"):
        # A reader that goes away (`| head -1`) ends us as it ends other commands; as an exception it would come out of click
        # and of rich with status 1.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        # Not in click's standalone mode, which ends with 1 on Ctrl-C.
        status = cli.main(prog_name="gradproof", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        status = NOT_DONE
    except (click.Abort, KeyboardInterrupt):
        click.echo("gradproof: interrupted", err=True)
        os._exit(
            INTERRUPTED
        )  # at once: an orderly end would wait for processes that are gone, and write into their pipes
    except OSError as error:  # a full disk under standard output, say
        click.echo(f"gradproof: {error}", err=True)
        status = NOT_DONE
    except Exception:  # noqa: BLE001  whatever it is, it must not look like "something was refuted"
        traceback.print_exc()
        status = NOT_DONE
    sys.exit(status)


def _open_missing_streams() -> None:
    """A program that was started with closed streams (`>&-`) has None for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  open to the end


if __name__ == "__main__":
    main()
