"""The decoder that runs in the browser: its script, and a run's decoder as bytes."""

from ui.shared.components import source
from vae.page.decoder_bytes import ATLAS_REMEDY, atlas, atlas_of, pack, runnable

__all__ = ["ATLAS_REMEDY", "SOURCE", "atlas", "atlas_of", "pack", "runnable"]

SOURCE = source("decode/decoder.js")
