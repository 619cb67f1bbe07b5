"""The shell with LATENT_CLUSTER: commands say that they do not use it, and an error names what is forgotten."""

import pytest
from trained import SMALL

from vae import jobs
from vae.cli import main, train
from vae.jobs.cluster import Cluster
from vae.runs import manage
from vae.spec import preset
from vae.training import launch


def test_engine_refuses_the_queue_of_a_cluster(data_folder, monkeypatch, capsys):
    monkeypatch.setenv(jobs.CLUSTER, "http://head:8265")
    assert main(["engine"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: LATENT_CLUSTER is http://head:8265") and error.count("\n") == 1


def test_train_says_that_it_trains_here(data_folder, monkeypatch, capsys):
    run = manage.create(preset("vae", **SMALL), "me")
    monkeypatch.setattr(launch, "train", lambda *_: 0)
    monkeypatch.setattr(train.launch, "train", lambda *_: 0)
    assert main(["train", str(run.path)]) == 0 and "trains on this machine" not in capsys.readouterr().err
    monkeypatch.setenv(jobs.CLUSTER, "http://head:8265")
    assert main(["train", str(run.path)]) == 0
    assert "trains on this machine; only the app sends runs to http://head:8265" in capsys.readouterr().err


@pytest.mark.parametrize(("mode", "said"), [("", True), ("token", False)])
def test_silent_cluster_may_want_a_token(monkeypatch, mode, said):
    monkeypatch.setenv("RAY_AUTH_MODE", mode)
    words = Cluster("http://head:8265")._silence(RuntimeError("401 Unauthorized"))
    assert "head:8265 does not answer: 401 Unauthorized." in words and ("RAY_AUTH_MODE=token" in words) == said
