"""Which run Train shows, and what it says of one that is not there."""

import shutil

from fake_runs import SMALL, make_run
from page_scripts import lives, start, texts


def test_deleted_run_is_told_from_one_that_never_was(folder):
    make_run(folder, "digits-vae-2d", **SMALL)
    run = make_run(folder, "second", **SMALL)
    app = lives(start("train", run="second"))
    shutil.rmtree(run.path)
    app = lives(app.run())
    assert "This run was deleted" in texts(app) and "There is no model" not in texts(app)
    other = lives(start("train", run="second"))
    assert "There is no model 'second' here" in texts(other) and "This run was deleted" not in texts(other)
