"""The options of `train` are those of the tables: each with its sentence and bounds, and checked in one line."""

import argparse
import subprocess
import sys

import pytest

from vae.cli import _parser, main
from vae.cli.spec_options import add_spec_options, chosen, entry, terms
from vae.spec import SpecError, preset
from vae.spec.choices import CHOICES, NUMBERS, PATHS, ROLES, TERMS
from vae.spec.fields import Choice, Scalar


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_spec_options(parser)
    return parser.parse_args(words)


def help_of_train(capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args(["train", "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_help_says_all_that_the_tables_say(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100000")
    text = help_of_train(capsys)
    options = {name.replace("_", "-"): option for name, option in {**NUMBERS, **CHOICES}.items()}
    for role, part in ROLES.items():
        assert part.title in text and part.sentence in text
        for name, kind in part.kinds.items():
            if not kind.by_hand:  # an opened model's own, which nobody types
                assert kind.title not in text
                continue
            assert name in text and kind.title in text and " ".join(kind.sentence.split()) in text
            options |= {f"{role}-{key}": option for key, option in kind.options.items()}
            for option in kind.options.values():
                assert option.sentence in text
                assert not isinstance(option, Scalar) or option.range in text
    for name, kind in TERMS.items():
        options |= {f"{name}-{key}": option for key, option in kind.options.items()}
        assert kind.title in text and " ".join(kind.sentence.split()) in text
    for name, option in options.items():
        assert f"--{name}" in text and option.sentence in text
        assert not isinstance(option, Choice) or all(word in text for word in option.choices)
    assert all(name in text and kind.sentence in text for name, kind in PATHS.items())


def test_what_is_not_given_stays():
    given = parsed()
    base = vars(preset("flow-prior-vae"))
    assert chosen(given) == {}
    assert all(entry(given, role, base[role]) == base[role] for role in ROLES)


def test_kinds_and_options_make_an_entry():
    given = parsed("--prior", "mixture", "--prior-components", "7", "--beta", "0.5", "--widths", "8,4", "--lr", "2e-3")
    base = vars(preset("vae"))
    assert entry(given, "prior", base["prior"]) == {"kind": "mixture", "components": 7}
    assert entry(given, "objective", base["objective"]) == {"kind": "elbo", "beta": 0.5}
    assert entry(given, "encoder", base["encoder"]) == {"kind": "mlp", "widths": [8, 4]}
    assert chosen(given) == {"learning_rate": 0.002}
    assert entry(parsed("--prior", "none"), "prior", base["prior"]) is None
    assert entry(parsed("--sigma", "shared"), "likelihood", {"kind": "normal"}) == {"kind": "normal", "sigma": "shared"}


def test_penalties_are_added_and_weighed():
    usual = ({"kind": "codebook", "weight": 1.0}, {"kind": "commitment", "weight": 0.25})
    assert terms(parsed(), usual) == usual
    given = parsed("--commitment-weight", "2", "--sparsity-weight", "0.5")
    assert terms(given, usual) == (usual[0], {"kind": "commitment", "weight": 2.0}, {"kind": "sparsity", "weight": 0.5})


def test_options_of_an_absent_part_are_refused():
    with pytest.raises(SpecError, match="--prior KIND"):
        entry(parsed("--prior-layers", "2"), "prior", None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prior-components", "0", "--prior", "mixture"], "from 1 to 100,000"),
        (["--prior-layers", "2"], "Standard Normal has no option 'layers'"),
        (["--prior", "bumps"], "invalid choice"),
        (["--widths", "8,wide"], "whole numbers from 1 to 65,536"),
        (["--size", "many"], "--size: Examples must be a whole number"),
        (["--sigma", "wide", "--likelihood", "normal"], "must be 'each', 'shared', or a number"),
    ],
)
def test_options_out_of_bounds_are_one_line(words, message, capsys):
    assert main(["train", "vae", "--data", "digits", *words]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and message in errors and errors.count("\n") == 1


def test_the_command_line_starts_without_torch():
    script = "import sys\nfrom vae.cli import main\nmain(['models'])\nprint('torch' in sys.modules)\n"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert found.stdout.splitlines()[-1] == "False", found.stderr
