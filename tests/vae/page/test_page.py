"""A page without a server as text and bytes: what is in it, how large it is, and what its policy forbids."""

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from fake_runs import SMALL, make_run

from vae import runs
from vae.cli import main
from vae.geometry import plane as planes
from vae.page import content, decoder_bytes, grounds, html, images, verdicts
from vae.runs import RunError

SHIPPED = [runs.shipped()]


def opened(text):
    """Return the header and a reader of sections of a page's packet."""
    (data,) = re.findall(r'<script type="text/plain" id="model">([^<]*)</script>', text)
    return unpacked(zlib.decompress(base64.b64decode(data)))


def unpacked(packet):
    length = int.from_bytes(packet[:4], "little")
    header = json.loads(packet[4 : 4 + length])

    def section(name, kind="u1"):
        offset, size = header["sections"][name]
        return np.frombuffer(packet[4 + length + offset :][:size], kind)

    return header, section


def stand_ins(run, n):
    """Return images of a run's shape, as hard to pack as handwritten digits: decoded codes, thresholded by noise."""
    rng = np.random.default_rng(0)
    blobs = rng.random((n, *run.spec.shape)) < 0.12
    return (blobs * 255).astype(np.uint8)


def test_shipped_model_with_ten_thousand_codes_is_small():
    run = runs.find("mnist-vae-2d", SHIPPED)
    made = html.page(run, images=stand_ins(run, 10_000), judgement=verdicts.saved(run))
    assert len(made.html.encode()) <= 1_500_000
    assert made.codes == 10_000 and made.images > 1000 and made.live
    header, section = opened(made.html)
    np.testing.assert_allclose(section("means", "<f2").reshape(-1, 2), run.codes.means, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(section("labels", "<i4"), run.codes.labels)
    _, weights = decoder_bytes.pack(run)
    np.testing.assert_allclose(section("weights", "<f2"), weights, rtol=1e-3, atol=1e-6)
    # every picture is the image of the code that it is said to be of
    index = section("pictured", "<i4")
    pixels = np.frombuffer(zlib.decompress(section("images").tobytes()), np.uint8).reshape(-1, *run.spec.shape)
    np.testing.assert_array_equal(pixels, stand_ins(run, 10_000)[index])
    assert (np.diff(index) > 0).all() and index[0] == 0 and index[-1] == 9_999
    assert set(header["half"]) == {"means", "scales", "weights"}


def test_room_decides_how_many_images_are_taken():
    pixels = np.random.default_rng(0).integers(0, 256, (500, 1, 8, 8), dtype=np.uint8)
    for most in (0, 40, 1000, 5000, 10**6):
        index, packed = images.fitting(pixels, most)
        assert len(packed) <= most
        assert len(index) == (len(pixels) if most == 10**6 else len(index)) and (len(index) > 0) == (most >= 100)
        if len(index):
            np.testing.assert_array_equal(np.frombuffer(zlib.decompress(packed), np.uint8), pixels[index].reshape(-1))


def test_policy_allows_its_script_and_no_connection(tmp_path):
    text = html.page(make_run(tmp_path, "mine", **SMALL)).html
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == "'none'"
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for name, part in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules[name] and "unsafe-inline" not in rules[name]
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_names_are_escaped(tmp_path):
    run = make_run(tmp_path, "mine", **SMALL)
    runs.write_json(run.path / "meta.json", {"title": "<script>alert(1)</script> & more"})
    card = verdicts.Card("A", "note", "1 < 2 & <b>", "<i>why</i>")
    text = html.page(runs.Run(run.path), judgement=verdicts.Judgement("<u>", "", (card,))).html
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
    assert "1 &lt; 2 &amp; &lt;b&gt;" in text and "<i>why" not in text and "<u>" not in text


def test_numbers_too_large_for_half_precision_stay_whole(tmp_path):
    run = make_run(tmp_path, "far", **SMALL)
    means = run.codes.means.copy()
    means[0, 0] = 1e6
    runs.write(run.path / "codes.npz", replace(run.codes, means=means).to_bytes())
    header, section = unpacked(content.content(runs.Run(run.path)).packet)
    assert "means" not in header["half"]
    np.testing.assert_array_equal(section("means", "<f4").reshape(-1, 2), means)


def test_atlas_with_fewer_tiles_keeps_its_edges():
    rows, columns = np.mgrid[0:9, 0:9]
    tiles = (10 * rows + 3 * columns)[..., None, None, None].astype(np.uint8)
    small = content.fewer(tiles, 5)[..., 0, 0, 0]
    np.testing.assert_array_equal(small, tiles[::2, ::2, 0, 0, 0])
    np.testing.assert_allclose(content.fewer(tiles, 4)[0, :, 0, 0, 0], [0, 8, 16, 24], atol=0.5)


def test_decoder_that_browsers_cannot_run_needs_an_atlas_of_the_plane(tmp_path):
    mish = {"kind": "mlp", "widths": [8], "activation": "mish"}
    run = make_run(tmp_path, "mish", latent=3, shape=(1, 8, 8), data="digits", encoder=mish)
    with pytest.raises(RunError, match="vae atlas mish"):
        html.page(run)
    tiles = np.random.default_rng(0).integers(0, 256, (16, 16, 1, 8, 8), dtype=np.uint8)
    np.savez(run.path / "atlas.npz", tiles=tiles, extent=np.array([-2, 2, -2, 2], np.float32))
    made = html.page(run)
    assert not made.live and "interpolated between images" in made.html
    assert 'id="samples"' not in made.html and 'id="traversals"' not in made.html
    with pytest.raises(RunError, match="Choose that plane"):
        html.page(run, plane=planes.principal(run.codes))


def test_verdicts_come_from_what_was_measured(tmp_path):
    shipped = verdicts.saved(runs.find("unhealthy-collapsed", [runs.examples()]))
    assert shipped.headline == "Collapsed." and {"problem"} <= {card.word for card in shipped.cards}
    assert verdicts.saved(make_run(tmp_path, "mine", **SMALL)) is None


def test_maps_are_named_as_in_the_app(tmp_path):
    run = make_run(tmp_path, "five", latent=5, **SMALL)
    np.testing.assert_array_equal(grounds.named(run, "4,2").basis.argmax(1), [3, 1])
    np.testing.assert_array_equal(grounds.named(run, "pca").basis, run.codes.components)
    np.testing.assert_array_equal(grounds.named(run, "").basis, planes.default(run.codes).basis)
    for wrong in ("6,1", "0,1", "2,2", "1", "3-D", "pca,1"):
        with pytest.raises(RunError, match="two different dimensions from 1 to 5"):
            grounds.named(run, wrong)
    with pytest.raises(RunError, match="embed five --method umap"):
        grounds.named(run, "umap")


def test_command_writes_a_page_of_a_learned_prior(data_folder, capsys, monkeypatch):
    monkeypatch.chdir(data_folder)
    words = ["--data", "digits", "--widths", "8", "--epochs", "1", "--k", "2", "--threads", "1", "--latent", "3"]
    assert main(["train", "vamp-vae", *words, "--name", "mine"]) == 0
    capsys.readouterr()
    assert main(["page", "mine", "--megabytes", "0.4"]) == 0
    text = (data_folder / "mine.html").read_text()
    assert "360 codes, 360 images; it decodes live" in capsys.readouterr().out
    header, section = opened(text)
    assert section("draws", "<f4").reshape(-1, 3).std(0).min() > 0 and header["map"]["rings"] is None
    assert main(["page", "mine", "--megabytes", "0.01"]) == 2
    assert "at least 0.2 MB" in capsys.readouterr().err
