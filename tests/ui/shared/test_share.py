"""What a link leaves out of the pages, and the code that carries the link."""

import re

import numpy as np
import pytest
import segno
from page_scripts import lives, start, texts
from PIL import Image

from ui.shared import share
from ui.state.permalink import HIDEABLE

pytestmark = pytest.mark.usefixtures("folder")


def test_hidden_controls_are_left_out(digits):
    every = start("explore")
    assert every.selectbox(key="chip_model") and len(every.title) == 1
    app = start("explore", hide="title,model,share,lessons")
    assert not app.exception and not app.title and "chip_model" not in {box.key for box in app.selectbox}
    assert "Every dot is one" not in texts(app)
    again = app.switch_page("models.py").run()  # it holds on the next page too
    assert not again.title and "chip_model" not in {box.key for box in again.selectbox}


def test_hidden_page_still_opens_by_its_link(digits):
    assert lives(start("models", hide="models")).title[0].value.startswith("Browse")


def test_unknown_names_are_ignored(digits):
    app = lives(start("explore", hide="everything,<b>,title"))
    assert app.query_params["hide"] in ("title", ["title"])
    assert {"title", "model", "image", "lessons", "share", "explore", "open"} <= set(HIDEABLE)


def test_code_carries_the_link(tmp_path):
    """Its dark squares are those of the standard for this text, with a margin of four."""
    link = "https://explorer.example.org/theory?model=mnist-vae-2d&image=8&lesson=why-elbo"
    drawn = share.picture(link)
    assert drawn.startswith("<svg") and "javascript" not in drawn
    code = segno.make(link, error="m", micro=False)
    size = int(re.search(r'width="(\d+)"', drawn)[1])
    assert size == 8 * (code.symbol_size(border=0)[0] + 8)
    code.save(tmp_path / "code.png", scale=8, border=4)
    dark = np.asarray(Image.open(tmp_path / "code.png").convert("L")) < 128
    assert dark.shape == (size, size) and dark[32 : 32 + 56, 32].all() and not dark[:32].any()
