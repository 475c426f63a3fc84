r"""gradproof: understand the formulas of lecture notes on neural networks, and prove or refute them.

    import derive

    report = derive.check("notes.md")                  # the verdicts on a document
    theory = derive.network(sizes=(2, 2, 1))           # a network built by hand
    theory.derivative("L", "W1").latex()               # a derivative in the network's own letters

Nothing is loaded before it is used: `import derive` alone takes no time. `derive.check` and `derive.network` are modules that
can be called; what else they hold is imported from them (`from derive.check import check_documents`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.check import check
    from derive.network import network
    from derive.theory import Theory
    from derive.verdicts import Report, Verdict

__all__ = ["Report", "Theory", "Verdict", "check", "network"]

_HOMES = {"Report": "verdicts", "Theory": "theory", "Verdict": "verdicts"}
_CALLED = ("check", "network")


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _CALLED:
        return import_module(f"derive.{name}")
    if name in _HOMES:
        return getattr(import_module(f"derive.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'derive' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
