"""A bent map under the hand: the pointer on a code's place decodes that code."""

import numpy as np
import pytest
from harness import pixel, settle
from playwright.sync_api import expect

from vae.geometry import embedding
from vae.geometry.embedding import Embedding
from vae.runs import Run

CARD = ".st-key-explorer .card"


@pytest.fixture
def places(server, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(server.data))
    codes = Run(server.data / "runs" / "ten-dimensions").codes
    # a lattice in random order, so that no two codes lie on one pixel
    side = int(np.ceil(len(codes) ** 0.5))
    lattice = np.array([(i % side, i // side) for i in np.random.default_rng(0).permutation(side * side)[: len(codes)]])
    found = ((lattice - side / 2) * 4).astype(np.float32)
    embedding.keep(codes, Embedding("tsne", found, 0.9, 0.01, 1.0))
    return found


def test_the_pointer_on_a_place_decodes_its_code(open_page, places):
    page = open_page("/?model=ten-dimensions&plane=tsne")
    settle(page)
    expect(page.locator(CARD)).to_contain_text("mean of the 8 nearest codes")
    for i in (7, 123, 499):
        page.mouse.move(*pixel(page, *places[i].tolist()))
        expect(page.locator(CARD)).to_contain_text(f"test #{i}")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("() => location.search.includes('z=')")
