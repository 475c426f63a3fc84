r"""Mathematics back into notation: the quantities, definitions and derivatives of a theory as formula trees, in the document's
own letters. The writers of `derive.notation` print them, and its parser reads them back.

>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> theory = network()
>>> write_latex(definition(theory, next(iter(theory.definitions))))
'z^{(1)} = W^{(1)} x + b^{(1)}'
"""

from derive.wording.formulas import definition, expression, function_definition
from derive.wording.naming import name, partial, shape
from derive.wording.steps import Explained, derivation, gradient

__all__ = [
    "Explained",
    "definition",
    "derivation",
    "expression",
    "function_definition",
    "gradient",
    "name",
    "partial",
    "shape",
]
