"""The small picture of a model's map: there for a model that can be read, left out for one that was deleted."""

import shutil

from fake_runs import SMALL, make_run

from ui.shared import map_picture


def test_a_deleted_run_has_no_picture(folder):
    run = make_run(folder, "mine", **SMALL)
    assert map_picture.beside(run, "Mine").startswith("![](data:image/png;base64,")
    shutil.rmtree(run.path)
    assert map_picture.beside(run, "Mine") == "Mine"
