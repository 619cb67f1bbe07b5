"""docs/extending.md: what its code adds to a copy of the project works: a prior, an objective, a dataset, a page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "extending.md").read_text()
LIMITS = {"a prior": (25, 2), "an objective": (25, 2), "a dataset": (20, 1), "a page": (20, 2)}
PLACE = re.compile(r"^(?:At the end of|The entry, in(?: the table)?)? ?(?:`([A-Z]+)` of )?`([\w/]+\.py)`:$", re.M)


def additions() -> list[tuple[str, str, str, str]]:
    """Return what is added: the section, the table ("" for none), the file, and the code."""
    found = []
    for section in re.split(r"^## ", TEXT, flags=re.M)[1:]:
        title = section.splitlines()[0].lower()
        for place in PLACE.finditer(section):
            code = re.match(r"\s*```python\n(.*?)```", section[place.end() :], re.S)
            assert code, place.group()
            found.append((title, place.group(1) or "", place.group(2), code.group(1)))
    return found


def lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def add(root: Path, table: str, file: str, code: str) -> None:
    """Write code into its file: before the end of a table, or at the file's end."""
    path = root / file
    text = path.read_text() if path.exists() else ""
    if not table:
        path.write_text(f"{text}\n\n{code}" if text else code)
        return
    start = re.search(rf"^{table}\b[^=\n]*= [{{(]\n", text, re.M)
    assert start, f"{file} has no table {table}"
    end = re.compile(r"^[})]", re.M).search(text, start.end())
    assert end
    path.write_text(text[: end.start()] + code + text[end.start() :])


def test_the_table_of_lines_and_files_is_true():
    """Blank lines are not counted; a table row names what its section adds."""
    for title, (most_lines, most_files) in LIMITS.items():
        mine = [a for a in additions() if a[0] == title]
        count, files = sum(lines(code) for *_, code in mine), len({file for _, _, file, _ in mine})
        assert 0 < count <= most_lines and 0 < files <= most_files, (title, count, files)
        assert f"| {title} | {count} | {files} |" in TEXT, (title, count, files)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the project with all that the document adds."""
    root = tmp_path_factory.mktemp("extended") / "project"
    for name in ("vae", "ui", "pages", "tests/helpers"):
        shutil.copytree(ROOT / name, root / name)  # what is compiled too
    for _, table, file, code in additions():
        add(root, table, file, code)
    return root


USE = """
import sys
sys.path[:0] = [".", "tests/helpers"]
import numpy as np
import torch
from fake_runs import complete, make_run
from page_scripts import charts, lives, start, texts
from turns import AtOnce
from vae import data, runs
from vae.answers import pool
from vae.data.batches import prepare
from vae.model import build, draw
from vae.model.objectives import elbo, iwae, renyi
from vae.spec import Spec, preset, rules
from vae.training.loop import State, fit
from ui.train import fitting, spec_fields

pool.ask, pool.warm = AtOnce, lambda: None
CHANGES = dict(data="checks", shape=(1, 16, 16), encoder={"kind": "mlp", "widths": [16]},
               prior={"kind": "laplace"}, objective={"kind": "renyi", "alpha": 0.25}, samples=3)
spec = preset("vae", **CHANGES)

# formulas
assert r"p(z) = \\mathrm{Laplace}(0, 1)" in spec.formula(), spec.formula()
assert r"w_k^{1 - 0.25}" in spec.objective_formula() and r"\\tfrac" in spec.objective_formula()
# the form offers both, and its values go back to the same spec
values = spec_fields.to_values(spec)
offered = fitting.offered(values)
assert "laplace" in offered["prior"] and "renyi" in offered["objective"]
assert spec_fields.judge(values, spec)[0] == spec
# composition: the closed form is known for the Normal and not for the full covariance; other objectives see the prior
assert spec.closed_rate
model = build.model(spec)
x = torch.rand(6, 1, 16, 16).round()
sample = draw(model, x, 3, generator=torch.Generator().manual_seed(0))
assert sample.rate_is_exact and sample.rates.shape == (6, 2)
assert not preset("full-covariance-vae", **CHANGES).closed_rate
assert spec.fits(objective={"kind": "free_bits"}, path="reparametrised") and not spec.fits(path="dreg")
assert torch.allclose(renyi(sample, 0.0), iwae(sample))
gap = (renyi(sample, 0.999) - (sample.log_w.mean(0))).abs()
assert gap.max() < 0.05 * sample.log_w.std()
assert spec.other_prior == "is Laplace, not N(0, I)"
# 20 steps of training
batches = prepare(data.load("checks", "train", n=640), spec)
steps = [step for _, step in zip(range(20), fit(State.fresh(spec), spec, batches))]
assert len(steps) == 20 and all(np.isfinite([s.distortion, s.rate]).all() for s in steps)
# the command line
from vae.cli import main
words = "train vae --data checks --size 64 --epochs 1 --widths 16 --prior laplace --objective renyi --samples 2 --k 2"
assert main([*words.split(), "--objective-alpha", "0.25", "--name", "shell", "--n", "20"]) == 0
found = runs.find("shell").spec
assert (found.prior, found.objective) == ({"kind": "laplace"}, {"kind": "renyi", "alpha": 0.25})
# pages
for page in ("explore", "sample", "theory", "diagnose", "models", "compare", "paths", "train"):
    app = lives(start(page, model="shell"))
    assert not app.error, (page, [e.value for e in app.error])
    assert "prior is learned" not in texts(app) and "learned prior" not in texts(app), page
app = lives(start("lengths", model="shell"))
assert len(charts(app)) == 1 and "The mean length is" in texts(app)
assert "no rings of N(0, I)" in texts(lives(start("explore", model="shell")))
print("all of it works")
"""


def test_what_the_document_adds_works(copy, tmp_path):
    """The form, the formulas, the composition, 20 steps of training, the command line and the pages."""
    environment = os.environ | {"LATENT_DATA": str(tmp_path), "PYTHONPATH": str(copy)}
    done = subprocess.run([sys.executable, "-c", USE], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "all of it works" in done.stdout, (done.stdout + done.stderr)[-4000:]
