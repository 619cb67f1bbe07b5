"""The pages run as scripts, with good runs and with all that can be wrong with one; the app lives on each time."""

import itertools
import json
import os
import shutil

import numpy as np
import pytest
import streamlit as st
from fake_runs import SMALL, make_run
from page_scripts import MAIN, explore, lives, maps, start, texts
from safetensors.numpy import save_file

from ui.decode import decoder
from ui.explore import selection
from ui.shared import chips, fetching, library, messages, pictures
from ui.shared.navigation import BY_NAME
from ui.state import texts as address_texts
from vae import runs
from vae.runs import Codes
from vae.spec import PRESETS

pytestmark = pytest.mark.usefixtures("folder")


def test_explore_shows_the_map_and_the_component(digits):
    app = lives(explore())
    (shown,) = maps(app)
    assert [name for _, name in shown["classes"]] == [str(k) for k in range(10)] and len(shown["rings"]) == 2
    assert app.get("bidi_component")
    assert "No points selected" in texts(app)
    assert not app.warning
    assert not app.error


def test_without_any_model_the_page_says_how_to_make_one(folder):
    app = explore()
    assert not app.exception
    assert "python -m vae train" in app.info[0].value


def test_the_default_is_the_shipped_model(folder, digits):
    make_run(folder, "a-first")
    make_run(folder, "mnist-vae-2d")
    assert lives(explore()).selectbox(key="chip_model").value == "mnist-vae-2d"


def test_a_link_restores_model_plane_and_point(folder, digits, ten):
    z = ",".join(["0.500"] * 10)
    app = lives(explore(model="ten", plane="3,7", z=z))
    assert app.selectbox(key="chip_model").value == "ten"
    assert (app.selectbox(key="plane_x").value, app.selectbox(key="plane_y").value) == (3, 7)
    assert maps(app)[0]["plane"]["titles"][0] == "z<sub>3</sub>"
    assert "pinned" in texts(app)
    assert app.query_params["z"] in (z, [z])


def test_a_link_to_the_pca_plane(digits, ten):
    app = lives(explore(model="ten", plane="pca"))
    assert maps(app)[0]["plane"]["titles"][0].startswith("PC 1")


def test_a_missing_model_falls_back_and_says_so(digits):
    app = lives(explore(model="missing"))
    assert app.selectbox(key="chip_model").value == "digits-vae-2d"
    assert "missing" in app.warning[0].value
    assert "digits-vae-2d" in app.warning[0].value
    assert maps(app)


@pytest.mark.parametrize("z", ["abc", "1", "1,2,3", "nan,0", "inf,1", "1e9,0", ",", "1,2;drop", "’" * 500])
def test_a_rubbish_point_is_refused_with_the_remedy(digits, z):
    app = lives(explore(z=z))
    assert "2 numbers" in app.warning[0].value
    assert maps(app)
    assert "pinned z" not in texts(app)


@pytest.mark.parametrize("plane", ["99,1", "1,1", "0,1", "-1,2", "pca2", "1", "1,2,3", "<b>", "x" * 300])
def test_a_rubbish_plane_is_refused_with_the_remedy(digits, ten, plane):
    app = lives(explore(model="ten", plane=plane))
    assert "from 1 to 10" in app.warning[0].value
    assert maps(app)


@pytest.mark.parametrize("name", ["../../etc", "..", "%00", "a/b", "", " ", "A" * 300, "<script>alert(1)</script>"])
def test_a_models_name_never_leaves_the_folders(digits, name):
    app = lives(explore(model=name))
    assert app.selectbox(key="chip_model").value == "digits-vae-2d"


def corrupt_weights(path):
    (path / "model.safetensors").write_bytes(b"\x10" * 50)


def nan_weights(path):
    weights = runs.Run(path).weights()
    save_file({k: np.full_like(v, np.nan) for k, v in weights.items()}, path / "model.safetensors")


def wrong_shapes(path):
    weights = runs.Run(path).weights()
    save_file({k: v[..., :1].copy() for k, v in weights.items()}, path / "model.safetensors")


def no_weights(path):
    (path / "model.safetensors").unlink()


@pytest.mark.parametrize("damage", [corrupt_weights, nan_weights, wrong_shapes, no_weights])
def test_damaged_weights_leave_the_map_and_name_the_remedy(digits, damage):
    damage(digits.path)
    app = lives(explore(z="0.1,0.2"))
    assert maps(app)
    assert app.error
    assert "train" in app.error[0].value or "restore" in app.error[0].value.lower()


def no_codes(path):
    (path / "codes.npz").unlink()


def truncated_codes(path):
    content = (path / "codes.npz").read_bytes()
    (path / "codes.npz").write_bytes(content[: len(content) // 2])


def wrong_codes(path):
    (path / "codes.npz").write_bytes(Codes(np.zeros((5, 3), np.float32), None, None, (), "test").to_bytes())


def nan_codes(path):
    (path / "codes.npz").write_bytes(Codes(np.full((5, 2), np.nan, np.float32), None, None, (), "test").to_bytes())


@pytest.mark.parametrize("damage", [no_codes, truncated_codes, wrong_codes, nan_codes])
def test_damaged_codes_are_an_error_with_the_remedy(digits, damage):
    damage(digits.path)
    app = lives(explore())
    assert "python -m vae encode digits-vae-2d" in app.error[0].value


def test_broken_folder_is_listed_with_its_reason(folder, digits):
    """A broken folder is listed with its reason and the rest is shown."""
    (folder / "broken").mkdir()
    (folder / "broken" / "spec.json").write_text("{nope")
    app = lives(start("models"))
    assert "broken" in app.error[0].value
    assert "JSON" in app.error[0].value
    assert "digits-vae-2d" in texts(app)
    assert lives(explore(model="broken")).selectbox(key="chip_model").value == "digits-vae-2d"


@pytest.mark.parametrize("page", list(BY_NAME))
def test_runs_that_nobody_can_read_take_no_page_down(folder, digits, page):
    for name, file, content in (
        ("nested", "spec.json", "[" * 100_000),
        ("wrong", "metrics.json", '{"elbo": {"value": [1]}, "log_px": 3}'),
        ("torn", "evaluation.json", '{"rows": [{"name": 1}]}'),
        ("torn", "history.jsonl", '{"step": "one"}\n[]\n'),
        ("torn", "status.json", '{"state": "running", "step": 1, "total": "many"}'),
        ("torn", "meta.json", '{"title": 3, "owner": "local", "created": "yesterday", "parent": []}'),
    ):
        if not (folder / name).is_dir():
            make_run(folder, name, **SMALL)
        (folder / name / file).write_text(content)
    os.rename(make_run(folder, "strange", **SMALL).path, os.fsencode(folder) + b"/\xff")
    for shown in ("wrong", "torn"):
        lives(start(page, model=shown, run=shown))
    if page == "models":
        assert len(lives(start(page)).error) == 3


@pytest.mark.parametrize("page", ["explore", "models"])
def test_damaged_metrics_or_history_do_not_end_a_page(folder, digits, page):
    make_run(folder, "second")
    (folder / "second" / "metrics.json").write_text("[")
    (digits.path / "history.jsonl").write_text("{]\n{}\n")
    lives(start(page, model="digits-vae-2d"))
    lives(start(page, model="second"))


def test_codes_without_labels_are_shown_in_one_colour(digits):
    codes = digits.codes
    bare = Codes(codes.means, codes.scales, None, (), "test")
    (digits.path / "codes.npz").write_bytes(bare.to_bytes())
    app = lives(explore())
    assert maps(app)[0]["classes"] == maps(app)[0]["glyphs"] == [] and len(maps(app)[0]["palette"]) == 1


def test_unknown_data_are_named_and_codes_shown(folder, digits):
    """Data that nobody knows are named and the codes are shown."""
    make_run(folder, "own", data="my-own-pictures")
    app = lives(explore(model="own"))
    assert "my-own-pictures" in texts(app)
    assert maps(app)
    assert "download_data" not in {b.key for b in app.button}


def test_absent_data_offer_the_download_and_the_digits(folder, digits):
    make_run(folder, "mnist-vae-2d")
    app = lives(explore())
    assert "MNIST is not on this machine. Showing its saved codes and reconstructions." in texts(app)
    assert "MB" in app.button(key="download_data").label
    app.button(key="use_digits").click().run()
    assert lives(app).selectbox(key="chip_model").value == "digits-vae-2d"
    assert "not on this machine" not in texts(app)


def test_a_failed_download_says_so_and_can_be_tried_again(folder, digits, monkeypatch):
    class Failed:
        running, succeeded, last_line = False, False, "No network: nothing was downloaded."

    make_run(folder, "mnist-vae-2d")
    monkeypatch.setattr(fetching, "job", lambda name: Failed())
    app = lives(explore())
    assert "No network" in app.error[0].value
    assert app.button(key="download_data")


def test_an_autoencoder_has_no_probabilistic_parts_and_says_why(folder):
    run = make_run(
        folder,
        "ae",
        preset="autoencoder",
        posterior={"kind": "delta"},
        prior=None,
        objective={"kind": "reconstruction"},
    )
    (run.path / "metrics.json").write_text(
        json.dumps({"data": "mnist", "distortion": {"value": 140.0, "se": 0.5, "n": 10, "units": "nats"}})
    )
    app = lives(explore(model="ae"))
    assert maps(app)[0]["rings"] is None
    assert messages.AUTOENCODER in texts(app)
    app = lives(start("models", model="ae"))
    shown = texts(app)
    assert "140.00 ± 0.50 nats" in shown
    assert "ELBO" not in shown
    assert messages.AUTOENCODER in shown


def test_models_shows_numbers_with_errors_units_and_the_command(digits):
    entry = {"value": -157.834, "se": 0.406, "n": 360, "units": "nats"}
    (digits.path / "metrics.json").write_text(
        json.dumps(
            {
                "data": "digits, dynamically binarised",
                "elbo": entry,
                "command": "python -m vae train vae",
                "train_seconds": 41,
            }
        )
    )
    app = lives(start("models"))
    shown = texts(app)
    assert "−157.83 ± 0.41 nats" in shown
    assert "digits, dynamically binarised" in shown
    assert "trained in 41 s" in shown
    assert "python -m vae train vae" in [shown.value for shown in app.code]


def test_choosing_a_model_changes_the_url_and_drops_the_point(folder, digits, ten):
    """Choosing a model in the chip changes the url and drops the old point."""
    app = lives(explore(model="digits-vae-2d", z="0.1,0.2"))
    app.selectbox(key="chip_model").select("ten").run()
    lives(app)
    assert app.query_params["model"] in ("ten", ["ten"])
    assert "z" not in app.query_params
    assert not app.warning


def test_choosing_a_plane_changes_the_url(digits, ten):
    app = lives(explore(model="ten"))
    app.selectbox(key="plane_x").select(4).run()
    assert lives(app).query_params["plane"][0].startswith("4")


def test_the_same_dimension_twice_is_made_a_plane(digits, ten):
    app = lives(explore(model="ten", plane="3,7"))
    app.selectbox(key="plane_x").select(7).run()
    assert not lives(app).warning
    assert (app.selectbox(key="plane_x").value, app.selectbox(key="plane_y").value) == (7, 3)


def test_all_selects_every_point_and_the_mean_is_of_real_images(digits):
    app = lives(explore())
    app.button(key="selection_all_button").click().run()
    n = len(digits.codes)
    assert f"{n} points" in texts(lives(app))
    assert f"Mean of {n} " in texts(app)


def test_a_run_that_is_trained_again_is_read_again(digits):
    before = maps(lives(explore()))[0]
    codes = digits.codes
    (digits.path / "codes.npz").write_bytes(
        Codes(codes.means + 1, codes.scales, codes.labels, codes.classes, "test").to_bytes()
    )
    assert maps(lives(explore()))[0]["geometry"] != before["geometry"]


def test_a_run_that_is_deleted_while_it_is_shown(digits, folder):
    make_run(folder, "second")
    app = lives(explore(model="second"))
    shutil.rmtree(folder / "second")
    st.cache_resource.clear()
    app.run()
    assert "second" in lives(app).warning[0].value


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"value": -1.005, "se": 0.25, "units": "nats"}, "−1.00 ± 0.25 nats"),
        ({"value": 2.5, "se": 0.0}, "2.50 ± 0.00 nats"),
        ({"value": None}, ""),
        (None, ""),
        ({}, ""),
    ],
)
def test_numbers_are_shown_with_minus_error_and_unit(entry, text):
    assert chips.number(entry) == text


def test_points_survive_the_url():
    assert address_texts.point(address_texts.point_text((0.1234, -2.0)), 2) == (0.123, -2.0)
    assert address_texts.point_text(None) == ""


def test_thumbnails_are_enlarged_by_whole_numbers_within_a_frame():
    image = np.zeros((1, 28, 28))
    image[0, 3, 4] = 1
    pixels, width = pictures.thumbnail(image, 112, "#102030")
    assert width == 28 * 4 + 2
    assert pixels.shape == (28 * 8 + 4, 28 * 8 + 4, 3)
    assert pixels[0, 0].tolist() == [0x10, 0x20, 0x30]
    inner = pixels[2:-2, 2:-2]
    assert (inner[24:32, 32:40] == 255).all()
    assert inner.sum() == 255 * 64 * 3


def test_the_apps_process_loads_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"a = AppTest.from_file({MAIN!r}, default_timeout=60).run(); "
        "[a.switch_page(name).run() for name in ('models.py', 'paths.py')]; "
        "print(sorted({'torch', 'sklearn', 'torchvision', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert out.stdout.strip().splitlines()[-1] == "[]"


def test_images_belong_to_their_codes(digits):
    """Images come only if they are the codes' own, told by their labels."""
    run = library.open_run("digits-vae-2d")
    images = library.images(run)
    codes = run.codes
    if images is not None:
        assert len(images) == len(codes)
    shuffled = Codes(codes.means, codes.scales, (codes.labels + 1) % 10, codes.classes, "test")
    (run.path / "codes.npz").write_bytes(shuffled.to_bytes())
    assert library.images(library.open_run("digits-vae-2d")) is None


@pytest.mark.parametrize(("name", "other"), zip(sorted(PRESETS), itertools.cycle(["models", "train"])))
def test_every_preset_opens_in_explore_and_another_page(folder, name, other):
    """What is special to a preset shows in Explore; the two others take turns."""
    make_run(folder, name, name, data="digits", shape=(1, 8, 8))
    app = lives(explore(model=name))
    assert app.get("bidi_component")
    assert not app.error
    assert ("The prior of this model is learned, so the map shows no rings" in texts(app)) == (
        name in ("mixture-vae", "vamp-vae", "flow-prior-vae")
    )
    assert ("the label is “0”" in texts(app)) == (name == "cvae")
    assert not lives(start(other, **{"run" if other == "train" else "model": name})).error


def test_a_conditional_decoder_is_told_the_label_of_the_address(folder):
    run = make_run(folder, "told", "cvae", data="digits", shape=(1, 8, 8))
    app = lives(explore(model="told", label="7", z="0,0"))
    assert "the label is “7”" in texts(app)
    (found,) = [group for group in app.get("button_group") if group.key == "label_told"]
    assert found.value == 7 or found.value == [7]
    payloads = [decoder.pack(run, label)[0]["id"] for label in (None, 0, 7)]
    assert payloads[0] == payloads[1] != payloads[2]
    z = np.zeros((1, 2))
    assert np.abs(library.decode(run, z, 7) - library.decode(run, z)).max() > 1e-3
    make_run(folder, "other", data="digits", shape=(1, 8, 8))
    for label, query in (("12", {}), ("x", {}), ("3", {"model": "other"})):
        app = lives(explore(**{"model": "told", "label": label, **query}))
        assert any("label" in warning.value for warning in app.warning), label


def test_reconstructions_of_a_selection_have_their_own_labels(folder, monkeypatch):
    run = make_run(folder, "told", "cvae", data="digits", shape=(1, 8, 8))
    monkeypatch.setattr(library, "images", lambda run: None)
    index = np.arange(40)
    shown, _ = selection.mean_image(library.open_run("told"), index)
    codes = run.codes
    each = [library.decode(run, codes.means[i : i + 1], int(codes.labels[i]))[0] for i in index]
    np.testing.assert_allclose(shown, np.mean(each, 0), atol=1e-6)


@pytest.mark.parametrize("page", ["explore", "paths", "sample", "compare", "models"])
def test_one_latent_opens_everywhere(folder, page):
    make_run(folder, "one", data="digits", shape=(1, 8, 8), latent=1)
    app = lives(start(page, model="one"))
    assert not app.error


def test_paths_decode_as_one_label_whatever_explore_told(folder):
    """Its curves, geodesics and files are made under the usual label, so its strips are too."""
    make_run(folder, "told", "cvae", data="digits", shape=(1, 8, 8))
    assert "the label is “0”" in texts(lives(start("paths", model="told", label="3")))
