"""What the browser is sent: bytes that unpack to the same numbers, new ones when a run changes; and what it answers."""

import json

import numpy as np
import pytest
from fake_runs import codes as fake_codes
from fake_runs import make_run
from safetensors.numpy import load_file, save_file

from ui.decode import decoder
from ui.explore import explorer
from ui.shared import library
from vae import runs
from vae.density import holes
from vae.geometry import plane
from vae.runs import RunError

SMALL = {"shape": (1, 4, 6), "encoder": {"kind": "mlp", "widths": [5]}}
MISH = {"shape": (1, 4, 6), "encoder": {"kind": "mlp", "widths": [5], "activation": "mish"}}


def unpack(content):
    """Return the header and the sections, as explorer.js does it."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    start = 4 + length
    assert start % 8 == 0
    return header, {name: content[start + at : start + at + n] for name, (at, n) in header["sections"].items()}


def payload(run, images=None, ground=None):
    return explorer.payload(run, run.codes, ground or plane.default(run.codes), images, "map")


def shift(run, by=0.1):
    """Train the run a little further."""
    weights = load_file(run.path / "model.safetensors")
    save_file({name: value + np.float32(by) for name, value in weights.items()}, run.path / "model.safetensors")


@pytest.mark.parametrize("encoder", [SMALL["encoder"], {"kind": "conv", "channels": [3, 4], "hidden": 7}])
def test_every_weight_is_where_the_header_says(tmp_path, encoder):
    run = make_run(tmp_path, "run", shape=(1, 8, 8), encoder=encoder)
    header, flat = decoder.pack(run)
    layers, weights = run.decoder()
    assert header["layers"] == layers
    assert flat.dtype == np.dtype("<f4")
    assert set(header["tensors"]) == set(weights)
    for name, (offset, length) in header["tensors"].items():
        np.testing.assert_array_equal(flat[offset : offset + length], weights[name].reshape(-1))
    assert sum(length for _, length in header["tensors"].values()) == flat.size


def test_the_id_follows_the_content(tmp_path):
    one, same = (make_run(tmp_path / folder, "run", **SMALL) for folder in "ab")
    assert decoder.pack(one)[0]["id"] == decoder.pack(same)[0]["id"]
    shift(same)
    assert decoder.pack(one)[0]["id"] != decoder.pack(runs.Run(same.path))[0]["id"]


def test_only_known_layers_run_in_the_browser(tmp_path):
    assert decoder.runnable(make_run(tmp_path, "relu", **SMALL))
    assert not decoder.runnable(make_run(tmp_path, "mish", **MISH))


def test_the_payload_unpacks_to_codes_labels_and_weights(tmp_path):
    run = make_run(tmp_path, "run", n=33, **SMALL)
    header, sections = unpack(payload(run))
    codes = run.codes
    widened = holes.widths(codes.means, codes.scales).astype("<f4")  # q(z) of the population, not of these codes alone
    np.testing.assert_array_equal(np.frombuffer(sections["means"], "<f4"), codes.means.reshape(-1))
    np.testing.assert_array_equal(np.frombuffer(sections["scales"], "<f4"), widened.reshape(-1))
    np.testing.assert_array_equal(np.frombuffer(sections["labels"], "<i4"), codes.labels)
    np.testing.assert_array_equal(np.frombuffer(sections["weights"], "<f4"), decoder.pack(run)[1])
    assert all(at % 8 == 0 for at, _ in header["sections"].values())
    assert header["probabilistic"] is True


def test_an_autoencoder_is_sent_without_scales(tmp_path):
    header, sections = unpack(payload(make_run(tmp_path, "run", "autoencoder", **SMALL)))
    assert "scales" not in sections
    assert header["probabilistic"] is False


@pytest.mark.parametrize(
    "changes", [{"prior": {"kind": "mixture"}}, {"posterior": {"kind": "laplace"}}, {"posterior": {"kind": "flow"}}]
)
def test_only_densities_of_normals_are_computed_in_the_browser(tmp_path, changes):
    """Densities that are not those of normals are not computed by the card."""
    header, sections = unpack(payload(make_run(tmp_path, "run", **SMALL, **changes)))
    assert "scales" not in sections
    assert "computed here" in header["without"]


def test_content_names_all_but_the_plane(tmp_path):
    run = make_run(tmp_path, "run", latent=4, **SMALL)
    seen = [unpack(payload(run, ground=plane.pair(4, 0, k)))[0] for k in (1, 2)]
    assert seen[0]["content"] == seen[1]["content"]
    assert seen[0]["plane"] != seen[1]["plane"]
    images = np.zeros((len(run.codes), 1, 4, 6), np.uint8)
    assert unpack(payload(run, images))[0]["content"] != seen[0]["content"]
    other = fake_codes(run.spec, np.random.default_rng(5), len(run.codes))
    runs.write(run.path / "codes.npz", other.to_bytes())
    assert unpack(payload(runs.Run(run.path)))[0]["content"] != seen[0]["content"]


def sent(run, monkeypatch):
    """Return what the component is given."""
    got = []
    monkeypatch.setattr(explorer, "_component", lambda *, data, **_: got.append(data) or {})
    explorer.explorer(run, plane.default(run.codes), chart_key="map", codes=run.codes, key="explorer")
    return got[0]


def test_decoder_is_packed_again_only_after_training(tmp_path, monkeypatch):
    """An unchanged run is packed once and a retrained one again."""
    run = make_run(tmp_path, "run", **SMALL)
    first = sent(run, monkeypatch)
    assert sent(run, monkeypatch) is first
    shift(run)
    assert library.stamp(run.path)
    assert sent(runs.Run(run.path), monkeypatch) != first


def test_a_decoder_outside_the_list_needs_its_atlas(tmp_path):
    run = make_run(tmp_path, "mish-run", **MISH)
    with pytest.raises(RunError, match="python -m vae atlas mish-run"):
        payload(run)
    tiles = np.zeros((8, 8, 1, 4, 6), np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-1, 1, -2, 2], np.float32))
    header, sections = unpack(payload(run))
    assert header["atlas"] == {"side": 8, "extent": [-1, 1, -2, 2]}
    assert "weights" not in sections


@pytest.mark.parametrize(
    "arrays",
    [
        {"tiles": np.zeros((8, 8, 1, 4, 5), np.uint8), "extent": np.zeros(4)},
        {"tiles": np.zeros((8, 8, 1, 4, 6)), "extent": np.zeros(4)},
        {"tiles": np.zeros((8, 8, 1, 4, 6), np.uint8), "extent": np.zeros(3)},
        {"tiles": np.zeros((8, 8, 1, 4, 6), np.uint8)},
        {"tiles": np.zeros((), np.uint8), "extent": np.zeros(4)},
        {"tiles": np.array([{}]), "extent": np.zeros(4)},
        {"tiles": np.zeros((8, 8, 1, 4, 6), np.uint8), "extent": np.array([1, -1, 0, np.nan])},
        {"tiles": np.zeros((1, 1, 1, 4, 6), np.uint8), "extent": np.array([0, 1, 0, 1])},
        None,
    ],
)
def test_an_atlas_that_does_not_fit_is_refused_with_the_remedy(tmp_path, arrays):
    run = make_run(tmp_path, "mish-run", **MISH)
    if arrays is None:
        (run.path / "atlas.npz").write_bytes(b"PK\x03\x04 cut off")
    else:
        np.savez(run.path / "atlas.npz", **arrays)
    with pytest.raises(RunError, match="python -m vae atlas mish-run"):
        payload(run)


def test_an_atlas_is_not_shown_on_another_plane_than_its_own(tmp_path):
    run = make_run(tmp_path, "mish-run", latent=4, **MISH)
    tiles = np.zeros((8, 8, 1, 4, 6), np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-1, 1, -2, 2], np.float32))
    payload(run)
    with pytest.raises(RunError, match="Choose that plane"):
        payload(run, ground=plane.principal(run.codes))


def test_damaged_weights_are_told(tmp_path):
    run = make_run(tmp_path, "run", **SMALL)
    shift(run, np.nan)
    with pytest.raises(RunError, match="NaN"):
        payload(runs.Run(run.path))


@pytest.mark.parametrize(
    "sent", [None, 3, "1,2", [1], [1, 2, 3], [1, "2"], [1, None], [True, 0], [1, float("nan")], [1, 1e9]]
)
def test_what_a_browser_sends_is_checked(sent):
    assert explorer._pin(sent, 2) is None


def test_a_good_pin_is_taken():
    assert explorer._pin([1, -0.25], 2) == explorer.Pin((1.0, -0.25))
