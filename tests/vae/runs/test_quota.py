"""What a visitor may keep on a shared machine, and what is said when it is too much."""

import shutil
from types import SimpleNamespace

import pytest
from trained import SMALL

from vae.jobs.contract import ALL_WAITING, MOST_WAITING, JobError, check_waiting
from vae.runs import manage, quota
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("data_folder")


def create(owner):
    return manage.create(preset("vae", **SMALL), owner)


def names(folder):
    return sorted(path.name for path in (folder / "runs").glob("*"))


def test_one_run_too_many_is_refused_and_deleting_makes_room(data_folder, monkeypatch):
    monkeypatch.setenv("LATENT_RUNS", "2")
    first, _ = create("anna"), create("anna")
    before = names(data_folder)
    with pytest.raises(quota.QuotaError, match="You have 2 runs, and 2 are kept for each visitor. Delete runs"):
        create("anna")
    assert names(data_folder) == before
    create("ben")
    manage.delete(first)
    create("anna")


def test_all_together_and_their_bytes_are_limited(data_folder, monkeypatch):
    runs = [create("anna"), create("ben")]
    monkeypatch.setenv("LATENT_ALL_RUNS", "2")
    with pytest.raises(quota.QuotaError, match="There are 2 runs here"):
        create("cleo")
    monkeypatch.setenv("LATENT_ALL_RUNS", "9")
    (runs[0].path / "film" / "large").parent.mkdir(exist_ok=True)
    (runs[0].path / "film" / "large").write_bytes(bytes(2_000_000))
    monkeypatch.setenv("LATENT_GB", "0.001")
    with pytest.raises(quota.QuotaError, match=r"Your runs and data take 0.0 GB, and 0.001 GB"):
        create("anna")
    create("ben")
    monkeypatch.setenv("LATENT_GB", "1")
    monkeypatch.setenv("LATENT_ALL_GB", "0.001")
    with pytest.raises(quota.QuotaError, match="All runs and data take"):
        create("cleo")


def test_whose_machine_it_is_is_not_counted_and_a_full_disk_is_said(monkeypatch):
    for name in quota.SETTINGS:
        monkeypatch.setenv(name, "0.000001")
    run = create(quota.LOCAL)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**8))
    with pytest.raises(quota.QuotaError, match="0.1 GB free"):
        create(quota.LOCAL)
    assert run.path.is_dir()


@pytest.mark.parametrize("asked", ["", "many", "0", "-3", "nan"])
def test_a_setting_that_is_no_number_has_its_default(monkeypatch, asked):
    monkeypatch.setenv("LATENT_RUNS", asked)
    assert quota.limits().runs == quota.SETTINGS["LATENT_RUNS"]


def test_size_follows_no_links(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(bytes(1000))
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    assert 1000 <= quota.size(tmp_path / "a") < 2000


def test_waiting_jobs_are_limited_for_each_and_for_all():
    check_waiting("anna", ["anna"] * (MOST_WAITING - 1) + ["ben"] * MOST_WAITING)
    with pytest.raises(JobError, match="You have 20 runs waiting"):
        check_waiting("anna", ["anna"] * MOST_WAITING)
    with pytest.raises(JobError, match="200 runs wait here"):
        check_waiting("anna", ["ben"] * ALL_WAITING)
