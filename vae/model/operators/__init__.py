"""The operators that a graph may use: this table is the whole allow-list.

Names, inputs and attributes are ONNX's. No operator loops, branches, draws random numbers, reads files or runs code.
"""

from vae.model.operators.elementwise import ELEMENTWISE
from vae.model.operators.entry import LARGEST_VALUE, GraphError, Operator, bounded
from vae.model.operators.linear import LINEAR
from vae.model.operators.normalised import NORMALISED
from vae.model.operators.resized import RESIZED
from vae.model.operators.shapes import SHAPES

OPERATORS: dict[str, Operator] = {**ELEMENTWISE, **LINEAR, **NORMALISED, **SHAPES, **RESIZED}

__all__ = ["LARGEST_VALUE", "OPERATORS", "GraphError", "Operator", "bounded"]
