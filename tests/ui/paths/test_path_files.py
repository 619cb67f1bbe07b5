"""A path's files: what is saved comes back to the last bit, and what others send is refused in words."""

import io
import json

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from PIL import Image
from turns import in_turns

from ui.paths import files as path_files
from ui.paths.files import Path, PathError, from_json, to_gif, to_json, to_mp4, to_python, to_strip, to_webp
from ui.paths.video import mp4
from vae import runs
from vae.answers.paths import along


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return complete(make_run(tmp_path_factory.mktemp("runs"), "small", **SMALL))


@pytest.fixture(scope="module")
def path(run):
    waypoints = run.codes.means[[3, 40, 77]].astype(np.float64)
    found = in_turns(along, run.path, "geodesic", waypoints, 0.5, steps=6)
    return Path(run.name, "geodesic", waypoints, found.points, found.share)


def test_json_reloads_to_the_same_arrays(run, path):
    again = from_json(to_json(path).encode(), run)
    for name in ("waypoints", "points", "share"):
        np.testing.assert_array_equal(getattr(again, name), getattr(path, name))
    assert (again.kind, again.model) == ("geodesic", "small")


def test_pictures_reload_to_the_same_arrays(run, path):
    images = path_files.frames(run, path, 12)
    assert images.shape == (12, 8, 8, 1)
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(to_strip(images)))), np.concatenate(list(images[..., 0]), 1)
    )
    for content in (to_gif(images), to_webp(images)):
        opened = Image.open(io.BytesIO(content))
        assert opened.n_frames == 12
        for k in range(12):
            opened.seek(k)
            np.testing.assert_array_equal(np.asarray(opened.convert("L"))[::16, ::16], images[k, ..., 0])
            assert opened.size == (128, 128)


def test_colours_reload_from_webp_and_png():
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 7, 3), dtype=np.uint8)
    opened = Image.open(io.BytesIO(to_webp(images)))
    for k in range(5):
        opened.seek(k)
        times = opened.size[0] // 7
        np.testing.assert_array_equal(np.asarray(opened.convert("RGB"))[::times, ::times], images[k])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(to_strip(images)))), np.concatenate(list(images), 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_plays_the_frames_within_two_grey_levels(run, path, channels):
    import av

    images = path_files.frames(run, path, 48).repeat(channels, 3)
    with av.open(io.BytesIO(to_mp4(images))) as container:
        assert container.duration == pytest.approx(3.2e6, rel=0.01)
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"  # the one that all players read
        played = np.array([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    times = path_files._times(images)
    exact = images.repeat(times, 1).repeat(times, 2).repeat(3 // channels, 3)[:, : played.shape[1], : played.shape[2]]
    assert played.shape == exact.shape
    assert np.abs(played.astype(int) - exact).max() <= 2


def test_a_film_keeps_hard_edges_and_noise_within_two_grey_levels():
    import av

    rng = np.random.default_rng(0)
    edges = np.kron(rng.integers(0, 2, (24, 12, 12)), np.ones((9, 9))) * np.linspace(60, 255, 24)[:, None, None]
    for images in (edges, rng.integers(0, 256, (24, 108, 108))):
        frames = images[..., None].round().astype(np.uint8)
        with av.open(io.BytesIO(mp4(frames, 1.0))) as container:
            played = np.array([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        assert np.abs(played.astype(int) - frames).max() <= 2


def test_frames_are_the_means_of_the_model(run, path):
    from vae.answers import explore

    exact = explore.decode(run.path, path.at(12)) * 255
    found = path_files.frames(run, path, 12).transpose(0, 3, 1, 2)
    assert np.abs(found - exact).max() <= 0.51


@pytest.mark.parametrize("name", ["vae", "cvae"])
@pytest.mark.parametrize("kind", ["line", "geodesic", "data"])
def test_the_lines_of_python_make_the_path_again(tmp_path, monkeypatch, name, kind):
    run = complete(make_run(tmp_path / "runs", "mine", name, **SMALL))
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    waypoints = tuple(tuple(round(float(v), 3) for v in z) for z in run.codes.means[[3, 40]])
    made: dict = {}
    exec(to_python(runs.find("mine"), kind, waypoints), made)
    found = in_turns(along, run.path, kind, np.array(waypoints), 0.5)
    np.testing.assert_array_equal(made["path"].points, found.points)
    np.testing.assert_array_equal(made["path"].share, found.share)
    path = Path("mine", kind, np.array(waypoints), found.points, found.share)
    pixels = (made["frames"] * 255).round().to(torch.uint8).numpy()
    assert np.abs(pixels.astype(int) - path_files.frames(run, path, 12).transpose(0, 3, 1, 2).astype(int)).max() <= 1


def damaged(path, **changes):
    content = json.loads(to_json(path)) | changes
    return json.dumps({k: v for k, v in content.items() if v is not None}).encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "x"}, "not a path"),
        ({"version": 2}, "version 2"),
        ({"waypoints": [[1, 2, 3]] * 3}, "rows of 2 numbers, but the file has rows of 3"),
        ({"waypoints": [[1, 2]]}, "1 waypoints"),
        ({"waypoints": [[0, 0]] * 50}, "50 waypoints"),
        ({"waypoints": [[1, "2"], [0, 0]]}, "rows of 2 numbers, but the file has values that are not numbers"),
        ({"waypoints": [[True, 2], [0, 0]]}, "rows of 2 numbers"),
        ({"waypoints": [[1e9, 2], [0, 0]]}, "within"),
        ({"waypoints": None}, "something else"),
        ({"points": [[0, 0], [float("nan"), 0]]}, "not numbers"),
        ({"points": [[0, 0]]}, "share"),
        ({"share": [0, 1]}, "share"),
        ({"share": "no"}, "share"),
        ({"kind": "worm"}, "kind of the path is unknown"),
        ({"kind": ["line"]}, "kind of the path is unknown"),
    ],
)
def test_a_file_that_is_no_path_of_this_model_is_refused(run, path, changes, said):
    with pytest.raises(PathError, match=said):
        from_json(damaged(path, **changes), run)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"[1, 2]", b"nope", b"[" * 100_000, b" " * (3 << 20)])
def test_what_is_no_json_is_refused(run, content):
    with pytest.raises(PathError, match="Choose"):
        from_json(content, run)


@pytest.mark.parametrize("count", [7, 48, 60])
@pytest.mark.parametrize("to", [to_gif, to_webp])
def test_an_animation_lasts_as_long_as_it_says(to, count):
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    shown = Image.open(io.BytesIO(to(images)))
    times = []
    for k in range(shown.n_frames):
        shown.seek(k)
        shown.load()
        times.append(shown.info["duration"])
    assert sum(times) == 3200 and max(times) - min(times) <= 10
