"""Specs: the model and its training described by plain values. This package imports no torch."""

from vae.spec.presets import PRESETS
from vae.spec.spec import Spec, SpecError, preset

__all__ = ["PRESETS", "Spec", "SpecError", "preset"]
