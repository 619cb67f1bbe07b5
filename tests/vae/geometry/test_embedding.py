"""Embeddings: trustworthiness is scikit-learn's, maps keep clusters, and what is kept comes back or is made again."""

import functools

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference

from vae.evaluation.trust import trustworthiness
from vae.geometry import embedding
from vae.runs import Codes, RunError

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    means = (rng.normal(0, 6, (5, 8))[labels] + rng.normal(0, 1, (400, 8))).astype(np.float32)
    return Codes(means, None, labels, tuple("abcde"), "test")


@pytest.mark.parametrize("k", [5, 12])
def test_trustworthiness_is_scikit_learns(codes, k):
    places = codes.means[:, :2]
    found = trustworthiness(codes.means, places, k=k, queries=len(places))
    assert found.value == pytest.approx(reference(codes.means, places, n_neighbors=k), abs=1e-6)
    some = trustworthiness(codes.means, places, k=k, queries=150, seed=1)
    assert abs(some.value - found.value) < 4 * some.se and some.n == 150


def test_a_faithful_map_is_believed_and_noise_is_not(codes):
    flat = np.hstack([codes.means[:, :2], np.zeros((400, 6), np.float32)])
    assert trustworthiness(flat, codes.means[:, :2]).value == 1
    noise = np.random.default_rng(1).normal(size=(400, 2))
    assert trustworthiness(codes.means, noise).value == pytest.approx(0.5, abs=0.05)
    with pytest.raises(ValueError, match="below half"):
        trustworthiness(codes.means[:20], noise[:20], k=10)


def test_trustworthiness_does_not_change_when_codes_shift_or_grow(codes):
    places = codes.means[:, :2].astype(float)
    here = trustworthiness(codes.means, places).value
    far = trustworthiness(codes.means.astype(float) + 1e5, places - 1e5).value
    assert far == pytest.approx(here, abs=1e-9)
    assert trustworthiness(codes.means * 1e25, places).value == pytest.approx(here, abs=1e-9)


@pytest.mark.parametrize("what", [np.zeros((400, 8)), np.full((400, 8), 3.0), np.full((400, 8), np.nan)])
def test_points_without_neighbours_are_not_judged(codes, what):
    with pytest.raises(ValueError, match="all codes are the same|some codes are not finite"):
        trustworthiness(what, codes.means[:, :2])
    with pytest.raises(ValueError, match="all places are the same|some places are not finite"):
        trustworthiness(codes.means, what[:, :2])


@pytest.mark.parametrize("method", embedding.METHODS)
def test_codes_that_tell_nothing_apart_get_no_map(method):
    same = Codes(np.full((200, 8), 0.1, np.float32), None, None, (), "test")
    with pytest.raises(RunError, match="these 200 have 1: the encoder gives most images the same code"):
        embedding.embed(same, method)


@pytest.fixture(scope="module")
def maps(codes):
    """Return the map by a method, made once, and the shares that it told of."""

    @functools.cache
    def embedded(method):
        said = []
        return embedding.embed(codes, method, say=lambda share, text: said.append(share)), said

    return embedded


@pytest.mark.parametrize("method", embedding.METHODS)
def test_a_map_keeps_neighbours_and_says_how_far_it_is(codes, maps, method):
    found, said = maps(method)
    assert found.places.shape == (400, 2) and found.trust > 0.85 and 0 < found.trust_se < 0.02
    assert said == sorted(said) and said[-1] == 1 and len(said) > 3
    again = embedding.embed(codes, method)
    np.testing.assert_allclose(again.places, found.places, atol=1e-4)
    embedding.keep(codes, found)
    back = embedding.kept(codes, method)
    np.testing.assert_array_equal(back.places, found.places)
    assert (back.trust, back.seconds) == (found.trust, found.seconds)
    assert (found.inverse is not None) == (method == "umap")
    if found.inverse is not None:
        np.testing.assert_array_equal(back.inverse, found.inverse)


def test_the_inverse_transform_leads_back_near_the_codes(codes, maps):
    found, _ = maps("umap")
    x0, x1, y0, y1 = found.extent
    side = len(found.inverse)
    column = np.rint((found.places[:, 0] - x0) / (x1 - x0) * (side - 1)).astype(int)
    row = np.rint((found.places[:, 1] - y0) / (y1 - y0) * (side - 1)).astype(int)
    z = found.inverse[row, column]
    wrong = np.random.default_rng(0).permutation(400)
    assert np.linalg.norm(z - codes.means, axis=1).mean() < 0.5 * np.linalg.norm(z - codes.means[wrong], axis=1).mean()


def test_many_codes_are_placed_among_landmarks(codes, monkeypatch):
    """Of many codes some are laid out and the others put among them."""
    monkeypatch.setattr(embedding, "WHOLE", 300)
    monkeypatch.setattr(embedding, "LANDMARKS", 200)
    monkeypatch.setattr(embedding, "JUDGED", 250)
    said = []
    found = embedding.embed(codes, "tsne", say=lambda share, text: said.append((share, text)))
    assert found.landmarks == 200 and found.places.shape == (400, 2) and found.trust > 0.85
    shares = [share for share, _ in said]
    assert shares == sorted(shares) and any("putting the others among 200" in text for _, text in said)
    # the landmarks lie where they were laid out, and the others by t-SNE's own transform
    chosen = np.sort(np.random.default_rng(0).permutation(400)[:200])
    layout = embedding.METHODS["tsne"](codes.means[chosen], 0, 1, lambda *_: None)
    centre = layout.places.mean(0)
    np.testing.assert_allclose(found.places[chosen] + centre, layout.places, atol=1e-3)
    others = np.setdiff1d(np.arange(400), chosen)
    np.testing.assert_allclose(found.places[others] + centre, layout.transform(codes.means[others]), atol=1e-3)
    embedding.keep(codes, found)
    note = embedding.bent(codes, embedding.kept(codes, "tsne")).note
    assert "laid out from 200 of 400 codes, the others placed among these" in note
    assert "(over 250 codes)" in note


def test_a_landmark_stays_and_a_code_between_lies_between():
    landmarks = np.float32([[0, 0, 0], [2, 0, 0], [0, 50, 0], [0, 0, 70]])
    places = np.float32([[0, 0], [10, 4], [-30, 0], [0, -30]])
    found = embedding.among(np.float32([[2, 0, 0], [1, 0, 0]]), landmarks, places)
    np.testing.assert_allclose(found[0], [10, 4], atol=1e-4)
    np.testing.assert_allclose(found[1], [5, 2], atol=0.05)


def test_damage_and_other_codes_are_no_map_of_these(codes, maps):
    found, _ = maps("tsne")
    embedding.keep(codes, found)
    other = Codes(codes.means + 1, None, codes.labels, codes.classes, "test")
    assert embedding.kept(other, "tsne") is None
    path = embedding.file(codes, "tsne")
    path.write_bytes(path.read_bytes()[:-200])
    assert embedding.kept(codes, "tsne") is None


def test_what_cannot_be_mapped_is_refused(codes):
    flat = Codes(codes.means[:, :2], None, codes.labels, codes.classes, "test")
    few = Codes(codes.means[:10], None, codes.labels[:10], codes.classes, "test")
    for wrong, method, why in ((flat, "tsne", "two latents"), (few, "umap", "at least"), (codes, "lle", "no map by")):
        with pytest.raises(RunError, match=why):
            embedding.embed(wrong, method)
