"""What visitors bring: read apart, corrected, kept within their quota, cancelled, and forgotten."""

import shutil

import own_files
import pytest
from waiting import until

from vae import data, runs
from vae.data import own
from vae.data.own import incoming, names
from vae.runs import quota

FILE = "small.npz"


@pytest.fixture
def brought(data_folder, tmp_path_factory):
    """A file that was brought."""
    path = own_files.write_compressed(tmp_path_factory.mktemp("file"), own_files.smooth(60), own_files.labels(60))
    return incoming.bring(f"../../{FILE}", path.read_bytes(), data_folder)


def done(work):
    until(lambda: work.done)
    return work


def test_a_file_is_looked_at_corrected_and_kept(brought, data_folder):
    assert brought.file.name == FILE and brought.folder.parent == names.folder()
    found = done(brought.look({})).value
    assert found["form"] == "images" and sum(found["sizes"]) == 60 and len(found["examples"]) == 5
    assert found["examples"][0]["png"].startswith("data:image/png;base64,")
    other = done(brought.look({"layout": "vector"})).value
    assert other["form"] == "vectors" and len(other["examples"][0]["row"]) == 144
    refused = done(brought.look({"range": "-1..1"}))
    assert "the range is -1 to 1. Choose another range" in refused.error
    work = done(brought.keep("mine", {"title": "Mine", "owner": "a"}, {"split": "seed"}, lambda more: None))
    assert work.error == "" and incoming.kept(work).owner == "a" and not brought.folder.exists()
    assert len(data.load("mine")) == 48 and own.find("mine").meta["origin"]["file"] == FILE


def test_data_over_the_quota_are_not_kept(brought, monkeypatch):
    monkeypatch.setenv("LATENT_GB", "0.000001")
    about = {"title": "Mine", "owner": "a"}
    work = done(brought.keep("mine", about, {}, lambda more: quota.check_data("a", more)))
    assert "Your runs and data take" in work.error and own.every() == []
    monkeypatch.delenv("LATENT_GB")
    assert done(brought.keep("mine", about, {}, lambda more: quota.check_data("a", more))).error == ""
    monkeypatch.setenv("LATENT_GB", "0.000005")
    with pytest.raises(runs.RunError, match="Your runs and data take"):
        quota.check("a")
    quota.check("b")
    quota.check(quota.LOCAL)


def test_work_that_is_cancelled_keeps_nothing(brought):
    work = brought.keep("mine", {}, {}, lambda more: None)
    work.cancel()
    assert "Cancelled" in done(work).error and own.every() == []
    brought.forget()
    assert list(names.folder().iterdir()) == []


def test_what_nobody_keeps_is_swept(brought, data_folder):
    kept = own.add(own_files.smooth(20), "mine")
    incoming.sweep(data_folder)
    assert brought.folder.exists()
    incoming.sweep(data_folder, hours=-1)
    assert not brought.folder.exists() and kept.path.exists()
    shutil.rmtree(kept.path)


def test_own_data_of_others_are_not_in_the_form(data_folder):
    for name, owner in (("mine", "a"), ("theirs", "b"), ("shells", "local")):
        own.add(own_files.smooth(20), name, owner=owner)
    listed = data.names("a")
    assert "mine" in listed and "shells" in listed and "theirs" not in listed and "digits" in listed
    assert len(data.load("theirs")) == 16  # a run on them is shown to everybody
