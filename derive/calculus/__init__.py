"""Differentiation through definitions by the chain rule."""

from derive.calculus.backward import Derivation, Path, Step, backward
from derive.calculus.chain import NotDifferentiable, expand, forward, resolve

__all__ = ["Derivation", "NotDifferentiable", "Path", "Step", "backward", "expand", "forward", "resolve"]
