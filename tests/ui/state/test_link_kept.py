"""What a link says is known to the pages after: a change of page empties the address."""

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start

from ui.state import handmade, permalink
from vae.data import load

MODEL = "digits-vae-2d"
DRAWN = handmade.text(handmade.make(np.eye(8, dtype=np.float32)[None], (0.5, 0.5)))
# a text for each field that a page reads, which is not its default
LINKS = {
    "explore": {"own": DRAWN, "z": "0.500,0.500", "colour": "rate", "marks": "images", "contours": "1", "lang": "de"},
    "theory": {"own": DRAWN, "z": "0.500,0.500", "chapter": "3", "sliders": "4.1:9", "refined": "1"},
    "theory?image": {"image": "3"},
    "paths": {"own": DRAWN, "path": "0.500,0.500;1.000,1.000", "kind": "slerp", "magnification": "1"},
    "sample": {"own": DRAWN, "z": "0.500,0.500", "show": "missing", "seed": "7", "spacing": "quantile", "side": "10"},
    "compare": {"models": f"{MODEL},other"},
}  # fmt: skip


@pytest.mark.parametrize("page", LINKS)
def test_a_page_remembers_what_its_link_says(page, folder):
    assert len(load("digits", "test"))
    make_run(folder, MODEL, **SMALL)
    make_run(folder, "other", **SMALL)
    app = lives(start(page.partition("?")[0], model=MODEL, **LINKS[page]))
    kept = {
        name: app.session_state[f"view_{name}"][1] if f"view_{name}" in app.session_state else None
        for name in LINKS[page]
    }
    assert kept == LINKS[page]
    assert set(LINKS[page]) <= {field.name for field in permalink.FIELDS if page.partition("?")[0] in field.pages}
