"""What a run's training is launched with, as it stands on the command lines of its processes."""

import argparse

from vae.training.launch import Options, add_options, main


def test_options_survive_a_command_line():
    parser = argparse.ArgumentParser()
    add_options(parser)
    for options in (Options(), Options(threads=3, device="cuda", processes=2, k=7, n=90)):
        assert Options.of(parser.parse_args(options.words())) == options


def test_what_is_no_run_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and errors.count("\n") == 1 and "is no run" in errors
