"""Codes that another model made: kept as a run without a model, whose map every page takes."""

import numpy as np
import pytest
from packed import unpack
from page_scripts import maps, start

from ui.shared import geometry
from vae import runs
from vae.cli import main
from vae.runs import codes_only

N = 40


def made(d=2, **more):
    rng = np.random.default_rng(0)
    return {"mean": rng.normal(size=(N, d)), "log_variance": rng.normal(-2, 0.1, (N, d)), **more}


@pytest.mark.parametrize("d", [2, 5])
def test_codes_come_back_as_they_were(d, data_folder):
    arrays = made(d, labels=np.array(["ant", "bee"] * (N // 2)))
    np.savez(data_folder / "codes.npz", **arrays)
    assert main(["data", "codes", str(data_folder / "codes.npz"), "--name", "mine"]) == 0
    run = runs.find("mine")
    np.testing.assert_allclose(run.codes.means, arrays["mean"], rtol=1e-6)
    np.testing.assert_allclose(run.codes.scales, np.exp(arrays["log_variance"] / 2), rtol=1e-5)
    assert run.codes.classes == ("ant", "bee") and (run.codes.labels == np.arange(N) % 2).all()
    assert (run.codes.components is None) == (d == 2)
    with pytest.raises(runs.RunError, match="codes without a model: nothing decodes"):
        run.weights()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"mean": np.full((N, 2), np.nan)}, "Row 0 of the codes holds NaN"),
        ({"mean": np.zeros((N, 2)), "scale": np.zeros((N, 2))}, "A scale is 0"),
        ({"mean": np.zeros((N, 2)), "scale": np.ones((N, 3))}, "scales are float64 [40, 3]"),
        ({"mean": np.zeros((N, 2)), "labels": np.zeros(3, int)}, "labels are int64"),
        ({"a": np.zeros((N, 2)), "b": np.zeros((N, 2))}, "holds no array of codes"),
    ],
)
def test_codes_that_cannot_be_are_refused(arrays, said, data_folder, capsys):
    np.savez(data_folder / "codes.npz", **arrays)
    assert main(["data", "codes", str(data_folder / "codes.npz"), "--name", "mine"]) == 2
    assert said in capsys.readouterr().err
    assert runs.library([runs.user_runs()]) == [] and not list(runs.user_runs().glob(".making*"))


@pytest.mark.parametrize("page", ["explore", "paths", "sample", "theory", "diagnose", "models", "compare"])
def test_every_page_says_what_cannot_be_had(page, folder):
    arrays = made(labels=np.arange(N) % 3)
    codes_only.keep("mine", arrays["mean"], log_variances=arrays["log_variance"], labels=arrays["labels"])
    app = start(page, model="mine")
    assert not app.exception, app.exception
    if page == "explore":
        (told,) = maps(app)
        assert [name for _, name in told["classes"]] == ["0", "1", "2"]
        means = unpack(geometry.kept(runs.find("mine"))[told["geometry"]])[1]["means"]
        np.testing.assert_allclose(np.frombuffer(means, "<f4").reshape(N, 2), arrays["mean"], rtol=1e-6)
        assert any("codes without a model" in error.value for error in app.error)
