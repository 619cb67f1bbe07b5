"""`vae sweep` and `vae runs`: wrong input is one line and makes nothing; a group is queued or trained as a whole."""

import csv
import io

import pytest
from fake_runs import SMALL, make_run

from vae import jobs
from vae.cli import dotted, main
from vae.jobs.contract import ALL_WAITING
from vae.jobs.queue import Queue
from vae.runs import groups, status
from vae.spec.varied import VARIED

QUICK = ["sweep", "vae", "--data", "digits", "--widths", "8", "--epochs", "1", "--size", "64", "--threads", "1"]
PLAN = ["--vary", "objective.beta=0.5,1", "--seeds", "2", "--name", "mine"]
QUEUED = QUICK[:-2]  # the queue chooses the threads itself


@pytest.fixture(autouse=True)
def own_queue(data_folder):
    jobs._executor.cache_clear()
    yield
    jobs._executor.cache_clear()


def everything(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and "queue" not in path.name)


@pytest.mark.parametrize(
    "words",
    [
        ["--vary", "objective.beta=0.5,x"],
        ["--vary", "objective.beta"],
        ["--vary", "beta=1", "--vary", "objective.beta=2"],
        ["--vary", "nothing=1"],
        ["--vary", "latent="],
        ["--vary", "prior.components=3"],
        ["--seeds", "0"],
        ["--seeds", "201"],
        ["--seeds", "many"],
        ["--name", "No Name"],
        ["--vary", f"batch={','.join(map(str, range(1, 1 + ALL_WAITING)))}", "--seeds", "2"],
        ["--k", "3"],
        ["--objective", "tc", "--processes", "2"],
    ],
)
def test_wrong_input_is_one_line_and_makes_nothing(words, data_folder, capsys):
    assert main([*QUEUED, *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and said.err.count("\n") == 1 and not said.out
    assert everything(data_folder) == []


def test_dry_run_says_all_and_makes_nothing(data_folder, capsys):
    assert main([*QUEUED, *PLAN, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.count("objective.beta = ") == 4 and "4 runs of the group mine" in out and " MB" in out
    assert everything(data_folder) == []


def test_group_waits_in_the_queue(data_folder, capsys):
    assert main([*QUEUED, *PLAN]) == 0
    assert "4 runs of the group mine wait in the queue" in capsys.readouterr().out
    waiting = [job.path for job in Queue().waiting()]
    assert waiting == [
        run.path.resolve() for seed in (0, 1) for run in groups.by_name()["mine"] if run.spec.seed == seed
    ]
    assert {status.current(path).state for path in waiting} == {"queued"}
    assert main([*QUEUED, *PLAN]) == 2 and "There is a group mine already" in capsys.readouterr().err
    assert len(Queue().waiting()) == 4


def test_full_queue_refuses_the_whole(data_folder, capsys, monkeypatch):
    monkeypatch.setattr("vae.jobs.contract.ALL_WAITING", 3)
    assert main([*QUEUED, *PLAN]) == 2
    assert "0 wait already, and 4 more are too many" in capsys.readouterr().err
    assert everything(data_folder) == [] and Queue().waiting() == []


def test_runs_are_trained_one_after_another_and_listed(data_folder, capsys):
    assert main([*QUICK, "--vary", "beta=0.5,2", "--seeds", "1", "--name", "mine", "--wait", "--k", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["run", "state", "objective.beta"] and len(lines) == 3
    assert all(" done " in line and " ± " in line for line in lines[1:])
    assert main(["runs", "--group", "mine", "--where", "beta=2", "--csv"]) == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert line["group"] == "mine" and line["state"] == "done" and float(line["elbo_se"]) > 0


def test_runs_refuses_what_is_not_there(data_folder, capsys):
    make_run(data_folder / "runs", "a", **SMALL)
    for words in (["--group", "x"], ["--where", "latent"], ["--where", "latnt=2"]):
        assert main(["runs", *words]) == 2, words
        said = capsys.readouterr()
        assert said.err.startswith("error: ") and said.err.count("\n") == 1 and not said.out
    assert main(["runs", "--where", "latent=99"]) == 0 and "no runs" in capsys.readouterr().out


def test_names_of_the_options_are_understood():
    names = {
        "lr": "learning_rate", "beta": "objective.beta", "net": "encoder.kind", "widths": "encoder.widths",
        "prior": "prior.kind", "sparsity-weight": "terms.sparsity.weight", "weight-decay": "weight_decay",
    }  # fmt: skip
    assert {word: dotted.name_of(word) for word in names} == names
    assert all(dotted.name_of(name) == name for name in VARIED) and dotted.name_of("other") == "other"
