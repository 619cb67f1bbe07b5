"""Runs on a Hub: what is pushed comes back the same, and what is no run is refused with a reason."""

import sys

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from hub_server import running

from vae import runs
from vae.cli import main
from vae.runs import RunError, hub


@pytest.fixture
def server(data_folder, monkeypatch):
    """A Hub on loopback to which this process's client goes, with a writer's token."""
    from huggingface_hub import constants

    with running() as found:
        # what the client reads from HF_ENDPOINT when it is imported
        monkeypatch.setattr(constants, "ENDPOINT", found.url)
        files = found.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        monkeypatch.setenv("HF_TOKEN", found.token)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(data_folder / "cache"))
        yield found


def test_pushed_run_comes_back_the_same(server, data_folder, capsys):
    run = make_run(data_folder / "runs", "mine", **SMALL)
    (run.path / "state.pt").write_bytes(b"a checkpoint")
    runs.write_json(run.path / "meta.json", {"owner": "somebody", "command": "python at home"})
    command = "python -m vae train vae --out /home/somebody/runs --k 5"
    runs.write(run.path / "card.md", f"# mine\n\n```sh\n{command}\n```\n")
    runs.write_json(run.path / "metrics.json", {**run.metrics, "command": command.replace("--out ", "--out=")})
    run = runs.Run(run.path)
    assert main(["push", "mine", "hf:me/Theirs"]) == 0
    assert capsys.readouterr().out.strip() == f"{server.url}/me/Theirs"
    there = server.repositories["me/Theirs"]
    assert set(there) == {*(set(hub.FILES) - {"evaluation.json"}), "README.md"}
    assert there["README.md"].decode() == hub.HEAD + run.card.replace(" --out /home/somebody/runs", "")
    assert not any(b"somebody" in content for content in there.values())
    assert main(["pull", "hf:me/Theirs"]) == 0
    again = runs.find("theirs")
    for name, weight in run.weights().items():
        np.testing.assert_array_equal(again.weights()[name], weight)
    np.testing.assert_array_equal(again.codes.means, run.codes.means)
    assert (
        again.spec == run.spec
        and again.metrics["elbo"] == run.metrics["elbo"]
        and again.meta["note"] == "Pulled from hf:me/Theirs."
    )
    assert {path.name for path in again.path.iterdir()} == set(there) - {"README.md"} | {"meta.json"}
    assert main(["pull", "hf:me/Theirs"]) == 2
    assert "There is a run theirs already" in capsys.readouterr().err
    assert main(["push", "mine", "hf:me/Theirs"]) == 0  # again: a new version of the same


def test_what_is_no_run_is_refused_and_leaves_nothing(server, data_folder):
    run = make_run(data_folder / "runs", "mine", **SMALL)
    hub.push(run, "hf:me/whole")
    whole = server.repositories["me/whole"]
    broken = {
        "no-spec": ({name: c for name, c in whole.items() if name != "spec.json"}, "it has no spec.json"),
        "cut": (whole | {"model.safetensors": whole["model.safetensors"][:100]}, "damaged"),
        "other": (whole | {"spec.json": whole["spec.json"].replace(b"16", b"17")}, "says"),
        "pickled": (whole | {"codes.npz": b"\x80\x04"}, "damaged"),
    }
    for name, (files, reason) in broken.items():
        server.repositories[f"me/{name}"] = files
        with pytest.raises(RunError, match=reason):
            hub.pull(f"hf:me/{name}")
    with pytest.raises(RunError, match="knows no such repository"):
        hub.pull("hf:me/nothing")
    assert [path.name for path in (data_folder / "runs").iterdir()] == ["mine"]


def test_only_the_files_of_a_run_are_asked_for(server, data_folder):
    run = make_run(data_folder / "runs", "mine", **SMALL)
    hub.push(run, "hf:me/more")
    server.repositories["me/more"] |= {"state.pt": b"pickle", "../outside": b"x", "run.py": b"import os"}
    server.asked.clear()
    hub.pull("hf:me/more")
    asked = {line.rsplit("/", 1)[-1] for line in server.asked if "/resolve/" in line}
    assert asked <= set(hub.FILES) and "spec.json" in asked


def test_writer_without_a_token_is_refused(server, data_folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(RunError, match="hf auth login"):
        hub.push(make_run(data_folder / "runs", "mine", **SMALL), "hf:me/mine")
    assert not server.repositories


@pytest.mark.parametrize("address", ["mine", "hf:", "hf:../x", "hf:a/b/c", "hf:a b", "https://huggingface.co/a/b"])
def test_other_addresses_are_refused(address):
    with pytest.raises(RunError, match="write hf:NAME"):
        hub.repository(address)


def test_without_the_client_the_line_to_type_is_named(data_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(RunError, match=r"pip install 'latent-space-explorer\[hub\]'"):
        hub.pull("hf:me/mine")
