"""Every colour that means something can be seen on its paper."""

import tomllib
from pathlib import Path

import pytest

from vae.page import palette

ROOT = Path(__file__).resolve().parents[3]
LEAST_MARK, LEAST_TEXT = 3.0, 4.5  # WCAG 2.2: 1.4.11 and 1.4.3


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def both(colour):
    return dict(zip(("light", "dark"), palette.PAIR.fullmatch(colour).groups(), strict=True))


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the known grey that just fails


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_and_texts_stand_out_from_the_paper(theme):
    paper = palette.PAPER[theme]
    marks = [*palette.CLASSES, *palette.TEXT, palette.NAMES["edge"]]
    texts = [*palette.TEXT.values(), palette.FINE, palette.LOOK, palette.SERIOUS]
    assert all(contrast(both(colour)[theme], paper) >= LEAST_MARK for colour in marks)
    assert all(contrast(both(colour)[theme], paper) >= LEAST_TEXT for colour in texts)
    assert all(contrast(palette.still(colour), paper) >= LEAST_MARK for colour in palette.TEXT)
    for name in ("fine", "look", "serious", "chosen"):
        ink, own = both(palette.NAMES[name])[theme], both(palette.NAMES[f"{name}-paper"])[theme]
        assert contrast(ink, own) >= LEAST_TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_has_the_palette_and_its_contrast(theme):
    """The theme's file has the same classes; its button and its captions, text at 60 %, can be read."""
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][theme]
    paper = options["backgroundColor"].lower()
    assert paper == palette.PAPER[theme]
    assert options["chartCategoricalColors"] == [both(colour)[theme] for colour in palette.CLASSES]
    assert contrast("#ffffff", options["primaryColor"]) >= LEAST_TEXT
    assert contrast(options["linkColor"], paper) >= LEAST_TEXT
    ink, ground = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (options["textColor"], paper))
    caption = "#" + "".join(f"{round(0.6 * a + 0.4 * b):02x}" for a, b in zip(ink, ground, strict=True))
    assert contrast(caption, paper) >= LEAST_TEXT
