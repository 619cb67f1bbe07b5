"""Presets are healthy by our own diagnosis (benchmarks/presets.py trains and judges them), or say what they show."""

from vae.spec import PRESETS


def test_what_shows_an_illness_says_so():
    assert [name for name, preset in PRESETS.items() if preset.illness] == ["beta-vae"]
    assert all(("fault" in preset.sentence) == preset.illness for preset in PRESETS.values())
