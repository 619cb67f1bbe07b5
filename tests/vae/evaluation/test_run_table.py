"""The evaluation table of a run: whole, in parts, kept with the run, and on the page."""

import json

import pytest

from vae import runs
from vae.answers import models
from vae.cli import main
from vae.evaluation import run_table, table
from vae.runs import Run, RunError
from vae.runs.load import load_model
from vae.spec import preset

SHIPPED = [runs.shipped()]


def test_the_app_knows_the_tables_parts():
    assert models.PARTS == table.PARTS


def test_a_heavy_decoder_is_asked_for_fewer_samples():
    small = preset("vae", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]})
    large = preset("vae", shape=(3, 64, 64), data="cifar10", encoder={"kind": "conv", "channels": [64, 128, 256]})
    assert run_table.sizes(small).ks[-1] == 5000 > run_table.sizes(large).ks[-1] >= 1


def test_the_parts_are_the_table_and_agree_with_the_card(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    run = runs.find("digits-vae-2d", SHIPPED)
    rows = {row["name"]: row for name in table.PARTS for row in run_table.part(run, load_model(run), name)}
    assert abs(rows["elbo"]["value"] - run.metrics["elbo"]["value"]) < 4 * rows["elbo"]["se"]
    ladder = [rows[f"log_px_{k}"]["value"] for k in (1, 5, 50, 500, 5000)]
    assert ladder == sorted(ladder) and rows["elbo"]["value"] - 0.05 < ladder[0]
    # the truth of the same examples lies above every bound, but for the last one's own noise
    assert rows["log_px"]["value"] > ladder[-1] - 0.02
    assert rows["gap"]["value"] == pytest.approx(
        rows["amortisation_gap"]["value"] + rows["approximation_gap"]["value"], abs=5e-3
    )
    parts = rows["mutual_information"], rows["total_correlation"], rows["dimension_kl"]
    assert sum(row["value"] for row in parts) == pytest.approx(rows["rate"]["value"], abs=5 * rows["rate"]["se"])
    assert 0.5 < rows["knn_accuracy"]["value"] < 1 and rows["active_units"]["value"] == 2


@pytest.mark.parametrize("name", ["digits-vae-2d", "mnist-vae-2d", "mnist-autoencoder-2d", "sprites-beta-vae-10d"])
def test_shipped_models_bring_their_table(name):
    rows = runs.find(name, SHIPPED).evaluation
    assert all({"name", "symbol", "value", "se", "n", "units", "note"} <= set(row) for row in rows)
    assert ("elbo" in {row["name"] for row in rows}) == (name != "mnist-autoencoder-2d")


def test_the_command_line_keeps_the_table_and_damage_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    quick = ["--data", "digits", "--epochs", "1", "--k", "2", "--n", "20", "--widths", "16", "--threads", "1"]
    assert main(["train", "autoencoder", *quick, "--name", "ae"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "ae", "--table"]) == 0
    printed = capsys.readouterr().out
    run = Run(tmp_path / "runs" / "ae")
    assert "z is a function of x" in printed and "elbo" not in printed
    assert run.evaluation[0]["name"] == "distortion"
    (run.path / "evaluation.json").write_text(json.dumps({"rows": 3}))
    with pytest.raises(RunError, match="evaluate ae --table"):
        _ = Run(run.path).evaluation
