"""The command line from end to end on the embedded digits: train, list, evaluate, resume, and errors in one line."""

import json
import signal
import subprocess
import sys

import pytest
from waiting import PATIENCE, until

from vae import runs
from vae.cli import main

QUICK = ["--data", "digits", "--widths", "16", "--epochs", "2", "--k", "5", "--threads", "1"]


pytestmark = pytest.mark.usefixtures("data_folder")


def test_train_list_and_evaluate(data_folder, capsys):
    assert main(["train", "vae", *QUICK, "--name", "mine"]) == 0
    assert sys.float_info.min / 2 > 0  # whoever called has the usual arithmetic back
    run = runs.find("mine")
    assert run.path == data_folder / "runs" / "mine"
    assert run.spec.shape == (1, 8, 8) and run.spec.epochs == 2
    assert len(run.codes) == run.metrics["elbo"]["n"] == 360
    assert run.metrics["elbo"]["se"] > 0 and run.metrics["log_px"]["value"] >= run.metrics["elbo"]["value"]
    assert "python -m vae train vae --data digits" in run.card and "±" in run.card
    assert "digits, dynamically binarised" in run.card
    capsys.readouterr()
    assert main(["models"]) == 0
    assert "mine" in capsys.readouterr().out
    assert main(["evaluate", "mine", "--data", "digits", "--k", "3", "--n", "50"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["elbo"]["n"] == 50 and numbers["log_px"]["k"] == 3
    assert runs.find("mine").metrics["command"].startswith("python -m vae train")


def test_an_autoencoder_is_listed_by_its_distortion(capsys):
    assert main(["train", "autoencoder", *QUICK, "--name", "ae"]) == 0
    run = runs.find("ae")
    assert set(run.metrics) >= {"distortion"} and "elbo" not in run.metrics and run.codes.scales is None
    assert "it has no rate and no bound" in run.card
    capsys.readouterr()
    main(["models"])
    assert "distortion" in capsys.readouterr().out


def test_many_latents_save_a_pca_and_unknown_layers_an_atlas():
    """More than two latents save their PCA and an unknown layer its atlas."""
    import numpy as np

    assert main(["train", "vae", *QUICK, "--latent", "4", "--activation", "mish", "--name", "atlas"]) == 0
    run = runs.find("atlas")
    assert run.codes.components.shape == (2, 4)
    assert np.allclose(run.codes.components @ run.codes.components.T, np.eye(2), atol=1e-5)
    with np.load(run.path / "atlas.npz") as file:
        assert file["tiles"].shape == (64, 64, 1, 8, 8)
        low_x, _, _, high_y = file["extent"]
        tile = file["tiles"][63, 0]  # the last row is the highest y
    import torch

    from vae.geometry import plane
    from vae.runs.load import load_model

    z = plane.default(run.codes).to_latent(np.array([low_x, high_y]))
    with torch.no_grad():
        mean = load_model(run).decode(torch.from_numpy(z.astype(np.float32))[None]).mean[0]
    assert np.abs(mean.numpy() * 255 - tile).max() <= 1


def test_interrupt_stops_after_a_step_and_resume_goes_on(data_folder):
    """An interrupt stops after a whole step and resume goes on."""
    command = [sys.executable, "-m", "vae", "train", "vae", *QUICK, "--name", "long"]
    command[command.index("2")] = "100000"
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    history = data_folder / "runs" / "long" / "history.jsonl"
    until(lambda: history.exists() and history.stat().st_size > 1000, "some steps")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and b"continue with: python -m vae train" in errors, errors.decode()[-2000:]
    run = runs.find("long")
    reached = run.history[-1]["epoch"] + 1
    assert main(["train", "--resume", "long", "--epochs", str(reached + 2), "--k", "2"]) == 0
    again = runs.find("long")
    assert again.history[-1]["epoch"] == reached + 1
    steps = [r["step"] for r in again.history]
    assert steps == sorted(set(steps))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "vae", "--data", "nist"], "mnist"),
        (["train", "vae"], "--data"),
        (["train", "vae", "--data", "digits", "--binarisation", "none"], "continuous"),
        (["train", "vae", "--data", "digits", "--latent", "0"], "latent"),
        (["train", "vae", "--data", "digits", "--name", "../up"], "run name"),
        (["train", "vae", "--data", "digits", "--net", "conv", "--channels", "8,8,8,8"], "halvings"),
        (["train", "--resume", "nothing"], "no model"),
        (["evaluate", "nothing"], "Known models"),
        (["fetch", "nist"], "mnist"),
    ],
)
def test_errors_are_one_line_with_the_remedy(words, message, capsys, data_folder):
    assert main(words) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and message in errors and "Traceback" not in errors
    assert not list((data_folder / "runs").glob("*")) if (data_folder / "runs").exists() else True


def test_embed_says_how_far_it_is_and_keeps_the_map(data_folder, capsys):
    from fake_runs import make_run

    from vae.geometry import embedding

    run = make_run(data_folder / "runs", "ten", data="digits", shape=(1, 8, 8), latent=10, n=120)
    assert main(["embed", "ten", "--method", "tsne"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("0% ") and "iteration" in lines[1] and "trustworthiness" in lines[-1]
    assert embedding.kept(run.codes, "tsne") is not None
    make_run(data_folder / "runs", "two", data="digits", shape=(1, 8, 8), n=120)
    assert main(["embed", "two"]) == 2
    assert "their own plane is the map" in capsys.readouterr().err
