"""A dataset that somebody adds, a folder of PNGs without labels: it is loaded, trained, encoded and shown."""

from pathlib import Path

import numpy as np
import pytest
from page_scripts import lives, start, texts
from PIL import Image

from vae import data, runs
from vae.cli import main
from vae.data import sets

SIZES = (80, 20, 30)


class Photos(data.StoredSource):
    """Grey images of any content below the data root."""

    about = data.Description("photos", "Photos", "Grey images of my own.", (1, 16, 16), SIZES, "my camera")

    def available(self, root=None):
        return (Path(root or data.data_root()) / "photos").is_dir()

    def read(self, split, root):
        files = sorted((root / "photos").glob("*.png"))[self.about.part(split)]
        return data.Examples(np.stack([np.asarray(Image.open(file).convert("L"))[None] for file in files]))


class Numbered(Photos):
    """The same with labels that nobody named."""

    about = data.Description("numbered", "Numbered", "Images with labels alone.", (1, 16, 16), SIZES, "my camera")

    def read(self, split, root):
        images = super().read(split, root).images
        return data.Examples(images, np.arange(len(images)) % 3)


@pytest.fixture(params=[Photos(), Numbered()], ids=lambda source: source.about.name)
def photos(request, folder):
    """A dataset that is registered while a test runs, with its files."""
    rng = np.random.default_rng(0)
    (folder.parent / "photos").mkdir()
    for k in range(sum(SIZES)):
        blurred = rng.integers(0, 256, (4, 4), np.uint8).repeat(4, 0).repeat(4, 1)
        Image.fromarray(blurred).save(folder.parent / "photos" / f"{k:04}.png")
    data.register(request.param)
    yield request.param.about.name
    del sets.SETS[request.param.about.name]


def trained(folder, name):
    """Return a run of twenty steps on a dataset, made by the command line within this process."""
    quick = ["--net", "mlp", "--widths", "16", "--batch", "16", "--epochs", "4", "--k", "2", "--threads", "1"]
    assert main(["train", "vae", "--data", name, "--name", "mine", *quick]) == 0
    run = runs.Run(folder / "mine")
    assert run.history[-1]["step"] == 20 and np.isfinite(run.metrics["elbo"]["value"])
    return run


def test_an_unlabelled_set_loads_by_split_and_seed(photos):
    whole = [data.load(photos, split) for split in data.SPLITS]
    assert tuple(len(s) for s in whole) == SIZES and whole[0].shape == (1, 16, 16)
    assert len({x.tobytes() for s in whole for x in s.images}) == sum(SIZES)
    some = data.load(photos, "train", 10, seed=3)
    assert (some.images == whole[0].images[some.index]).all()
    assert (some.labels is None) == (whole[0].labels is None) and some.classes == ()
    with pytest.raises(data.DataError, match="already"):
        data.register(sets.SETS[photos])


def test_a_set_without_files_or_download_says_so(photos, tmp_path):
    assert data.available(photos) and not data.available(photos, tmp_path / "elsewhere")
    data.fetch(photos)
    with pytest.raises(data.DataError, match="has no download. Put its files there"):
        data.fetch(photos, tmp_path / "elsewhere")


def test_an_unlabelled_set_is_trained_and_shown_on_the_pages(photos, folder):
    from vae.diagnosis import report

    run = trained(folder, photos)
    assert len(run.codes) == 30 and run.codes.classes == ()
    assert (run.codes.labels is None) == (data.load(photos, "test").labels is None)
    found = report.diagnose(run, keep=True)
    assert found.reconstruction is not None and not found.reconstruction.classes
    for page in ("explore", "sample", "diagnose", "train"):
        app = lives(start(page, model="mine"))
        assert not app.error, texts(app)


def test_the_form_offers_an_unlabelled_set(photos):
    from ui.train import fitting
    from ui.train.spec_fields import to_values
    from vae.data.recommended import misfit, recommended
    from vae.runs import manage

    assert photos in data.NAMES
    spec = recommended("vae", photos)
    assert manage.check(spec) == 80 and not fitting.offered(to_values(spec))["condition"]
    assert "labels" in misfit("cvae", photos)
