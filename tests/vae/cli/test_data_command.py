"""`python -m vae data`: a file is looked at, kept, listed, trained on, and removed."""

import json

import own_files

from vae import runs
from vae.cli import main
from vae.data import own


def test_a_file_is_kept_and_trained_on(data_folder, capsys):
    path = own_files.write_zip(data_folder, own_files.smooth(60), own_files.labels(60))
    assert main(["data", "add", str(path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "colours=grey: 0 of 60 images" in said and "or 'colour'" in said and own.every() == []
    assert main(["data", "add", str(path), "--name", "spots", "--set", "size=16x16", "--seed", "3"]) == 0
    assert "python -m vae train vae --data spots" in capsys.readouterr().out
    main(["data", "list", "--json"])
    assert json.loads(capsys.readouterr().out) == [{"name": "spots", "shape": [1, 16, 16], "sizes": [48, 6, 6]}]
    main(["data", "show", "spots"])
    meta = json.loads(capsys.readouterr().out)
    assert meta["origin"]["file"] == "pictures.zip" and len(meta["origin"]["sha256"]) == 64 and meta["seed"] == 3
    assert main(["train", "vae", "--data", "spots", "--name", "mine", "--epochs", "1", "--threads", "1"]) == 0
    run = runs.Run(data_folder / "runs" / "mine")
    assert run.codes.classes == ("kind0", "kind1", "kind2") and len(run.codes) == 6
    assert main(["data", "remove", "spots"]) == 0 and own.every() == []
    capsys.readouterr()
    assert main(["data", "remove", "spots"]) == 2
    assert "There are no data “spots”" in capsys.readouterr().err


def test_a_correction_has_an_equals_sign(data_folder, capsys):
    path = own_files.write_npy(data_folder, own_files.smooth(20), own_files.labels(20))
    assert main(["data", "add", str(path), "--set", "layout"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err and own.every() == []
