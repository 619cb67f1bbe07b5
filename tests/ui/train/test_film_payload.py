"""What the film component is sent: the arrays of vae.runs.film; live payloads stay small, damage is left out."""

import json
import time
import zlib

import numpy as np
import pytest
from fake_runs import make_run
from filmed import COUNT, SHOWN, STEPS, filmed, shoot

from ui.train import film
from ui.words import speaking
from vae import runs
from vae.page import vectors
from vae.runs import film as films
from vae.runs.film import Frame

IMAGES = ("reconstructions", "samples")


def unpack(data: bytes):
    """Return the header, and a function name -> the section's bytes, or None."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])

    def section(name):
        if name not in header["sections"]:
            return None
        offset, size = header["sections"][name]
        return data[4 + length + offset : 4 + length + offset + size]

    return header, section


def array(section, name, dtype, shape, deflated=False):
    content = section(name)
    return np.frombuffer(zlib.decompress(content) if deflated else content, dtype).reshape(shape)


def test_every_array_arrives_as_it_was_filmed(tmp_path):
    run = filmed(tmp_path)
    header, section = unpack(film.payload(run.path))
    frames, still = [films.read(run.path, s) for s in STEPS], films.constants(run.path)
    assert header["kind"] == "film"
    assert header["run"] == "run"
    assert header["steps"] == STEPS
    assert header["titles"] == ["z<sub>1</sub>", "z<sub>2</sub>"]
    assert header["rings"] == [0.0, 0.0]
    assert header["notes"] == {}
    assert header["status"] == {"state": "done", "step": 10, "total": 10}
    n = len(STEPS)
    np.testing.assert_array_equal(array(section, "codes", "<f4", (n, COUNT, 2), True), [f.codes for f in frames])
    np.testing.assert_array_equal(array(section, "rates", "<f4", (n, 2)), [f.rate for f in frames])
    for name in IMAGES:
        found = array(section, name, np.uint8, (n, SHOWN, 1, 8, 8), True)
        np.testing.assert_array_equal(found, [getattr(f, name) for f in frames])
    np.testing.assert_array_equal(array(section, "originals", np.uint8, (SHOWN, 1, 8, 8), True), still.originals)
    np.testing.assert_array_equal(array(section, "labels", "<i4", (COUNT,)), still.labels)
    assert header["classes"] == list("0123456789")


def test_the_history_arrives_with_its_validation(tmp_path):
    run = filmed(tmp_path)
    _, section = unpack(film.payload(run.path))
    records = run.history
    held = [r for r in records if "valid" in r]
    np.testing.assert_array_equal(array(section, "history_step", "<i4", (-1,)), [r["step"] for r in records])
    np.testing.assert_array_equal(array(section, "history_valid_step", "<i4", (-1,)), [r["step"] for r in held])
    for name in ("distortion", "rate"):
        found = array(section, f"history_{name}", "<f4", (-1,))
        np.testing.assert_allclose(found, [r[name] for r in records], rtol=1e-6)
        found = array(section, f"history_valid_{name}", "<f4", (-1,))
        np.testing.assert_allclose(found, [r["valid"][name] for r in held], rtol=1e-6)


def test_an_autoencoder_has_no_rate_and_no_samples_and_says_so(tmp_path):
    run = filmed(tmp_path, preset="autoencoder")
    header, section = unpack(film.payload(run.path))
    assert section("rates") is None
    assert section("samples") is None
    assert section("reconstructions") is not None
    assert header["rings"] is None
    assert header["notes"] == {"prior": film.AUTOENCODER}
    assert np.isnan(array(section, "history_rate", "<f4", (-1,))).all()


def test_one_dimension_is_shown_beside_a_row_for_each_class(tmp_path):
    run = filmed(tmp_path, latent=1)
    header, section = unpack(film.payload(run.path))
    codes = array(section, "codes", "<f4", (len(STEPS), COUNT, 2), True)
    np.testing.assert_array_equal(codes[:, :, 0], [films.read(run.path, s).codes[:, 0] for s in STEPS])
    row = np.floor((1 - codes[0, :, 1]) * 5).astype(int)
    np.testing.assert_array_equal(row, films.constants(run.path).labels)
    assert (codes[0, :, 1] == codes[-1, :, 1]).all(), "nothing moves along an axis that means nothing"
    assert header["titles"] == ["z", "classes, jittered"]


def test_of_ten_dimensions_the_two_of_highest_rate_are_shown(tmp_path):
    run = filmed(tmp_path, latent=10)
    header, section = unpack(film.payload(run.path))
    codes = array(section, "codes", "<f4", (len(STEPS), COUNT, 2), True)
    np.testing.assert_array_equal(codes, [films.read(run.path, s).codes[:, 8:] for s in STEPS])
    assert header["titles"] == ["z<sub>9</sub> (of 10: highest rate)", "z<sub>10</sub>"]
    assert array(section, "rates", "<f4", (len(STEPS), 10))[0, 0] == np.float32(0.001)


def test_film_without_rate_shows_principal_components(tmp_path):
    """Without a rate the plane is that of the principal components."""
    run = filmed(tmp_path, preset="autoencoder", latent=5)
    header, section = unpack(film.payload(run.path))
    codes = array(section, "codes", "<f4", (len(STEPS), COUNT, 2), True)[-1].astype(float)
    whole = films.read(run.path, STEPS[-1]).codes.astype(float)
    variances = np.sort(np.linalg.eigvalsh(np.cov(whole.T)))[::-1][:2]
    np.testing.assert_allclose(np.cov(codes.T), np.diag(variances), atol=1e-5)
    assert header["titles"][0].startswith("PC 1")


def test_vectors_are_drawn_as_bars(tmp_path):
    run = filmed(tmp_path, data="linear-gaussian", shape=(6,), labels=False)
    header, section = unpack(film.payload(run.path))
    frames, still = [films.read(run.path, s) for s in STEPS], films.constants(run.path)
    assert header["shape"] == [1, vectors.HEIGHT, vectors.WIDTH] and header["notes"] == {}
    for name in IMAGES:
        found = array(section, name, np.uint8, (len(STEPS), SHOWN, *header["shape"]), True)
        np.testing.assert_array_equal(found[2], vectors.pictures(getattr(frames[2], name), None))
    found = array(section, "originals", np.uint8, (SHOWN, *header["shape"]), True)
    np.testing.assert_array_equal(found, vectors.pictures(still.originals, None))
    assert header["classes"] == []
    assert (array(section, "labels", "<i4", (COUNT,)) == -1).all()
    assert section("rates") is not None


def test_damaged_frames_are_left_out(tmp_path):
    run = filmed(tmp_path, steps=[0, 1, 2, 3, 4])
    films.file(run.path, 1).write_bytes(b"PK nonsense")
    whole = films.file(run.path, 2).read_bytes()
    films.file(run.path, 2).write_bytes(whole[: len(whole) // 2])
    lost = shoot(3, 2, (1, 8, 8))
    lost.codes[5, 1] = np.nan
    runs.write(films.file(run.path, 3), films.pack(lost))
    header, section = unpack(film.payload(run.path))
    assert header["steps"] == [0, 4]
    assert array(section, "codes", "<f4", (2, COUNT, 2), True).size


def test_film_without_still_has_no_labels_or_originals(tmp_path):
    """Without its still a film goes on without labels and originals."""
    run = filmed(tmp_path)
    (run.path / "film" / "still.npz").write_bytes(b"")
    header, section = unpack(film.payload(run.path))
    assert header["steps"] == STEPS
    assert header["notes"] == {"images": film.UNSEEN}
    assert section("originals") is None
    assert section("reconstructions") is not None


def test_what_it_says_is_in_the_readers_language(tmp_path, monkeypatch):
    run = filmed(tmp_path, preset="autoencoder", latent=10)
    monkeypatch.setattr(speaking, "_asked", [lambda: "de"])
    header, _ = unpack(film.payload(run.path))
    assert header["notes"]["prior"].startswith("Ein Autoencoder hat keinen Prior")
    assert header["waiting"].startswith("wartet")


def test_the_frame_where_a_run_was_stopped_is_the_last(tmp_path):
    run = filmed(tmp_path)
    runs.write(films.file(run.path, None), films.pack(shoot(7, 2, (1, 8, 8))))
    assert unpack(film.payload(run.path))[0]["steps"] == [0, 1, 3, 7, 10]


@pytest.mark.parametrize("latent", [1, 2, 10])
def test_a_run_without_a_film_shows_its_codes_and_says_why(tmp_path, latent):
    run = make_run(tmp_path, "old", latent=latent, n=1500)
    header, section = unpack(film.payload(run.path))
    assert header["steps"] == [5000]
    assert header["points"] == films.POINTS
    assert header["split"] == "test"
    assert header["notes"]["film"] == film.NO_FILM
    assert array(section, "codes", "<f4", (1, films.POINTS, 2), True).size
    assert array(section, "rates", "<f4", (1, latent)).size
    assert section("reconstructions") is None


@pytest.mark.parametrize("make", [film.payload, film.live])
@pytest.mark.parametrize("state, words", [("queued", "turn"), ("starting", "first step"), ("failed", "ended")])
def test_a_run_that_has_not_begun_says_what_it_waits_for(tmp_path, make, state, words):
    run = runs.create(tmp_path / "fresh", make_run(tmp_path, "other").spec)
    # a dead trainer would be called interrupted
    runs.write_json(run.path / "status.json", {"state": state, "step": 0, "total": 90})
    if state == "starting":
        (run.path / "status.json").unlink()
        runs.write_json(run.path / "status.json", {"state": "queued", "step": 0})
        words = "turn"
    header, section = unpack(make(run.path))
    assert header["steps"] == []
    assert words in header["waiting"]
    assert header["titles"] == ["z<sub>1</sub>", "z<sub>2</sub>"]
    assert section("codes") is None
    assert section("history_step") == b""


def test_a_live_payload_holds_the_newest_frame_and_stays_small(tmp_path):
    run = filmed(tmp_path, data="mnist", shape=(1, 28, 28), count=1000)
    (run.path / "history.jsonl").write_text("".join(line(i) for i in range(1, 30_001)))
    data = film.live(run.path)
    header, section = unpack(data)
    assert len(data) < 100_000
    assert header["kind"] == "live"
    assert header["steps"] == [10]
    np.testing.assert_array_equal(array(section, "codes", "<f4", (1000, 2), True), films.read(run.path).codes)
    step, held = array(section, "history_step", "<i4", (-1,)), array(section, "history_valid_step", "<i4", (-1,))
    assert len(step) == film.THIN
    assert (step[0], step[-1]) == (1, 30_000)
    assert len(held) == film.HELD_OUT
    assert (held[0], held[-1]) == (10, 30_000)


def line(step: int) -> str:
    record = {"step": step, "distortion": 100.0, "rate": 2.0}
    return json.dumps(record | ({"valid": {"distortion": 101.0, "rate": 2.0}} if step % 10 == 0 else {})) + "\n"


def test_all_validation_points_are_kept_up_to_a_limit(tmp_path):
    run = filmed(tmp_path)
    (run.path / "history.jsonl").write_text("".join(line(i) for i in range(1, 2001)))
    curves = film.history(run.path, film.THIN, film.HELD_OUT)
    assert curves.valid_step.tolist() == list(range(10, 2001, 10))


def test_a_growing_history_is_read_on_and_a_rewritten_one_anew(tmp_path):
    run = filmed(tmp_path)
    file = run.path / "history.jsonl"
    file.write_text(line(1) + line(2) + '{"step": 3, "dist')
    assert film.history(run.path).step.tolist() == [1, 2]
    with file.open("a") as opened:
        opened.write('ortion": 5}\nnonsense\n' + line(4))
    curves = film.history(run.path)
    assert curves.step.tolist() == [1, 2, 3, 4]
    assert np.isnan(curves.rate[2])
    runs.write(file, line(1) + line(9) + line(11) + line(12) + line(13))
    assert film.history(run.path).step.tolist() == [1, 9, 11, 12, 13]


def test_live_film_rarely_changes_its_dimensions(tmp_path):
    """A live film turns to other dimensions only for good reason."""
    run = filmed(tmp_path, latent=4)

    def titles(*rate):
        frame = shoot(20, 4, (1, 8, 8))
        frame = Frame(20, frame.codes, np.array(rate, np.float32), frame.reconstructions, frame.samples)
        runs.write(films.file(run.path, None), films.pack(frame))
        return [t.replace("<sub>", "").replace("</sub>", "")[:2] for t in unpack(film.live(run.path))[0]["titles"]]

    assert titles(1.0, 0.9, 0, 0) == ["z1", "z2"]
    assert titles(1.0, 0.9, 1.1, 0) == ["z1", "z2"]
    assert titles(0.2, 0.9, 1.1, 0) == ["z2", "z3"]


def test_principal_components_do_not_flip_between_two_moments(tmp_path):
    codes = np.random.default_rng(0).normal(0, [3, 2, 1, 1], (300, 4))
    first = film.ground(codes, None)
    turned = film.ground(-codes[:, [0, 1, 2, 3]] * 1.01 + 5, None, first)
    np.testing.assert_allclose(turned.basis, first.basis, atol=1e-6)


def test_the_whole_film_is_packed_once_until_a_file_changes(tmp_path):
    run = filmed(tmp_path)
    first = film._data(run.path, False)
    assert film._data(run.path, False) is first
    time.sleep(0.01)  # a file system's clock may be coarse
    runs.write(films.file(run.path, 20), films.pack(shoot(20, 2, (1, 8, 8))))
    second = film._data(run.path, False)
    assert unpack(second)[0]["steps"] == [*STEPS, 20]


def test_the_scripts_make_one_module_without_imports():
    lines = film.SOURCE.splitlines()
    assert not [text for text in lines if text.startswith("import ")]
    tops = [text.split()[1].split("(")[0] for text in lines if text.startswith(("const ", "class ", "function "))]
    assert len(tops) == len(set(tops)), "inline modules share one scope"
