"""What the card says of a place: densities, the nearest code, planes and images, in node."""

import base64
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from fake_runs import make_run
from node import evaluate

from ui.explore import explorer
from vae import runs
from vae.density import holes
from vae.geometry import plane

LOOK = """async ([payload, points]) => {
    const { Space } = await use("js/space.js");
    const { unpack } = await use("js/shared.js");
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    let space;
    await new Promise((done) => {
        const content = unpack(bytes);
        space = new Space(content, done);
        if (!content.header.sections.images && !content.header.sections.tiles) done();
    });
    const answers = points.map((z) => ({ ...space.evaluate(z), ...space.verdict(space.evaluate(z)) }));
    const u = points.map((z) => space.toPlane(z));
    const blends = space.header.atlas ? u.map((p) => space.blend(p) && Array.from(space.blend(p))) : null;
    const image = space.real(3);
    const back = u.map((p) => space.toLatent(p));
    return { answers, calibration: space.calibration, u, back, blends, image: image && Array.from(image) };
}"""


def look(run, points, images=None):
    """Return what the card's arithmetic says of the points."""
    content = explorer.payload(run, run.codes, plane.default(run.codes), images, "map")
    return evaluate(LOOK, [base64.b64encode(content).decode(), np.asarray(points).tolist()])


@lru_cache
def widened(name):
    """A shipped model's codes, as wide as the population's q(z) needs them."""
    codes = runs.find(name, [runs.shipped()]).codes
    return replace(codes, scales=holes.widths(codes.means, codes.scales))


def log_ratio(codes, z, skip=None):
    """Return log q(z) - log p(z) and the distance to the nearest code, by the book, in float64."""
    keep = np.arange(len(codes)) != skip
    means, scales = codes.means[keep].astype(float), codes.scales[keep].astype(float)
    each = torch.distributions.Normal(torch.from_numpy(means), torch.from_numpy(scales)).log_prob(torch.from_numpy(z))
    log_q = torch.logsumexp(each.sum(1), 0) - np.log(len(means))
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(torch.from_numpy(z)).sum()
    return float(log_q - log_p), float(np.linalg.norm(means - z, axis=1).min()), float(log_p)


@pytest.mark.parametrize("name", ["mnist-vae-2d", "sprites-beta-vae-10d"])
def test_the_cards_densities_are_exact_and_check_themselves(name):
    run = runs.find(name, [runs.shipped()])
    codes = widened(name)
    z = np.random.default_rng(0).normal(size=(20, run.spec.latent)) * 1.5
    found = look(run, z)
    for answer, point in zip(found["answers"], z, strict=True):
        ratio, distance, log_p = log_ratio(codes, point)
        assert answer["logQ"] - answer["logP"] == pytest.approx(ratio, abs=1e-4)
        assert answer["logP"] == pytest.approx(log_p, abs=1e-6)
        assert answer["distance"] == pytest.approx(distance, abs=1e-6)
    chosen = [k * len(codes) // 200 for k in range(200)]
    left_out = [log_ratio(codes, codes.means[i].astype(float), i) for i in chosen]
    assert found["calibration"]["strays"] == pytest.approx(np.mean([r[0] < -2 for r in left_out]))
    # 4,096 codes in ten dimensions leave half of the data in "holes": the card then does not say so of anything
    assert found["calibration"]["trusted"] == (name == "mnist-vae-2d")
    words = {answer["text"] for answer in found["answers"]}
    assert words <= (
        {"near the codes of real images", "in a hole"}
        if name == "mnist-vae-2d"
        else {"near a code", "far from every code"}
    )


def test_an_autoencoder_has_no_densities():
    run = runs.find("mnist-autoencoder-2d", [runs.shipped()])
    found = look(run, [[0, 0], [500, 500]])
    assert "logP" not in found["answers"][0] and "logQ" not in found["answers"][0]
    assert [a["text"] for a in found["answers"]] == ["near a code", "far from every code"]


def test_planes_and_images_arrive_as_they_were_sent(tmp_path):
    run = make_run(tmp_path, "ten", latent=10, shape=(3, 8, 8), encoder={"kind": "mlp", "widths": [8]})
    images = np.random.default_rng(0).integers(0, 256, (len(run.codes), 3, 8, 8), dtype=np.uint8)
    u = np.random.default_rng(1).normal(size=(5, 2))
    ground = plane.default(run.codes)
    found = look(run, ground.to_latent(u), images)
    np.testing.assert_allclose(found["u"], u, atol=1e-6)
    np.testing.assert_allclose(found["back"], ground.to_latent(u), atol=1e-6)
    np.testing.assert_allclose(found["image"], images[3].reshape(-1) / 255, atol=1e-6)


def test_atlas_is_blended_and_ends_at_its_edge(tmp_path):
    """An atlas is blended between its tiles and ends at its edge."""
    run = make_run(tmp_path, "mish", shape=(1, 2, 2), encoder={"kind": "mlp", "widths": [4], "activation": "mish"})
    tiles = np.random.default_rng(0).integers(0, 256, (4, 4, 1, 2, 2), dtype=np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-2, 1, 0, 6], np.float32))
    # tiles lie at x = -2, -1, 0, 1 and y = 0, 2, 4, 6
    points = [[-2, 0], [1, 6], [-1, 4], [-0.75, 3.0], [1.1, 3.0], [0, -0.1]]
    found = look(run, points)["blends"]
    at = lambda row, column: tiles[row, column].reshape(-1) / 255  # noqa: E731
    between = 0.5 * (0.75 * at(1, 1) + 0.25 * at(1, 2)) + 0.5 * (0.75 * at(2, 1) + 0.25 * at(2, 2))
    for blend, expected in zip(found, [at(0, 0), at(3, 3), at(2, 1), between, None, None], strict=True):
        if expected is None:
            assert blend is None
        else:
            np.testing.assert_allclose(blend, expected, atol=1e-5)


def test_the_limits_of_holes_are_those_of_the_core(tmp_path):
    run = make_run(tmp_path, "run", shape=(1, 2, 2), encoder={"kind": "mlp", "widths": [4]})
    header, _ = explorer.content(run, run.codes, plane.default(run.codes), None)
    aggregate = holes.Aggregate.of_population(run.codes.means.astype(float), run.codes.scales.astype(float))
    far = holes.calibrate(aggregate, None).far  # as on the Sample page
    assert header["limits"] == {"hole": holes.HOLE, "strays": holes.STRAYS, "far": pytest.approx(far)}
