"""The table of all runs: what differs, the numbers with their errors, conditions, and CSV that others read."""

import csv
import io

import pytest
from fake_runs import SMALL, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from vae import runs
from vae.runs import RunError, manage, table
from vae.spec import SpecError

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def found(data_folder):
    """Three runs, of which one is an autoencoder."""
    folder = data_folder / "runs"
    made = [
        make_run(folder, "a", **SMALL),
        make_run(folder, "b", latent=8, objective={"kind": "elbo", "beta": 2.0}, **SMALL),
        make_run(folder, "c", "autoencoder", **SMALL),
    ]
    runs.keep_evaluation(made[0], [{"name": "gap", "value": 1.5, "se": 0.25, "symbol": "g", "n": 9, "units": "nats"}])
    return table.rows(runs.library([folder]))


def test_columns_are_what_differs_and_what_was_measured(found):
    assert {"latent", "objective.beta", "prior.kind"} <= set(table.differing(found))
    assert not {"data", "batch", "shape"} & set(table.differing(found))
    assert table.differing(found[:1]) == [] and table.differing([]) == []
    assert table.metrics(found)[:3] == ["elbo", "distortion", "rate"] and table.metrics(found)[-1] == "gap"
    assert found[0].numbers["elbo"] == table.Number(-157.83, 0.41, 10_000, "nats")
    assert "elbo" not in found[2].numbers and {one.state for one in found} == {"done"}


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"objective.beta": ["1"]}, "a"),
        ({"objective.beta": ["2", "1.0"]}, "ab"),
        ({"prior.kind": ["none"]}, "c"),
        ({"latent": ["2"], "prior.kind": ["standard_normal"]}, "a"),
        ({"preset": ["vae"]}, "ab"),
        ({"run": ["c"]}, "c"),
        ({"group": [""]}, "abc"),
        ({"latent": ["99"]}, ""),
    ],
)
def test_conditions_choose(found, where, names):
    assert "".join(one.run.name for one in table.chosen(found, where=where)) == names


def test_unknown_names_are_refused(found):
    with pytest.raises(SpecError, match="Did you mean latent"):
        table.chosen(found, where={"latnt": ["2"]})
    with pytest.raises(RunError, match="There is no group 'x' here. Known groups: none"):
        table.chosen(found, "x")


def test_csv_holds_every_number_as_it_is(found):
    text = table.to_csv(found)
    assert text.count("\r\n") == 4 and "\n" not in text.replace("\r\n", "")
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [float(line["elbo"]) for line in lines if line["elbo"]] == [-157.83, -157.83]
    assert lines[0]["gap_se"] == "0.25" and lines[1]["gap"] == "" and lines[1]["objective.beta"] == "2.0"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_csv_gives_any_title_back(tmp_path_factory, title):
    """Commas, quotes and line breaks are as they were; what would be a formula elsewhere is marked as text."""
    run = make_run(tmp_path_factory.mktemp("runs"), "a", **SMALL)
    run.__dict__["meta"] = {"title": title}
    (_, line) = csv.reader(io.StringIO(table.to_csv([table.row(run)]), newline=""))
    assert line[1] == ("'" + title if title[0] in "=+-@\t\r" else title)


def test_damaged_files_of_a_run_leave_its_row(found):
    (found[0].run.path / "evaluation.json").write_text("{")
    one = table.row(runs.Run(found[0].run.path))
    assert "gap" not in one.numbers and "elbo" in one.numbers
    manage.annotate(one.run, "still here")
