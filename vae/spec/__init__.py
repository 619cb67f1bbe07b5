"""What a model is and how it is trained, as plain values: no torch in this room."""

from vae.spec.presets import PRESETS
from vae.spec.spec import Spec, SpecError, preset

__all__ = ["PRESETS", "Spec", "SpecError", "preset"]
