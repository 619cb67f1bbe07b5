"""A run's memory is estimated and held against the machine's before it starts, and each process keeps to a limit."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from trained import SMALL

from vae import data
from vae.data.completion import complete
from vae.runs import control, machine, manage, status
from vae.spec import PRESETS, Spec, SpecError, cost, preset
from vae.training import launch
from vae.training.trainer import BAD_INPUT, Trainer

MNIST = {"data": "mnist", "shape": (1, 28, 28)}


def test_free_memory_is_what_the_system_can_give():
    """The system's own number, in a container less where its limit is nearer."""
    found, system = machine.free_memory(), psutil.virtual_memory()
    assert found is not None and 0 < found <= machine.memory()
    assert found <= system.available + 0.1 * system.total


@pytest.mark.parametrize("width", [4096, 10_000, 25_000])
def test_run_that_asks_for_more_than_the_machine_has_is_refused(width):
    """MNIST with a batch of the whole set, 45 samples and wide layers takes 100 to 600 GB."""
    spec = preset("iwae", **MNIST, batch=60_000, samples=45, encoder={"kind": "mlp", "widths": [width]})
    assert 100e9 < cost.step_bytes(spec) < 2e12
    with pytest.raises(SpecError, match=r"GB of memory, and a run may take 16\.0 GB here\. Use a smaller batch"):
        manage.memory(spec, 55_000, 16e9)


def test_every_preset_fits_into_two_gigabytes():
    for name, chosen in PRESETS.items():
        for found in ("digits", "mnist"):
            about = data.describe(found)
            entries = {**vars(preset(name)), **chosen.entries, "data": found}
            spec = Spec(**complete(entries, about, {"data": found}))
            manage.memory(spec, about.sizes[0], machine.LEAST * machine.GB)


@settings(deadline=None, max_examples=40)
@given(some.integers(1, 5000), some.integers(1, 60), some.integers(1, 3000), some.sampled_from(["mlp", "conv"]))
def test_estimate_covers_weights_and_results_and_grows(batch, samples, width, kind):
    network = {"kind": "mlp", "widths": [width]} if kind == "mlp" else {"kind": "conv", "channels": [8, 8]}
    spec = preset("iwae", **MNIST, batch=batch, samples=samples, encoder=network)
    found = cost.step_bytes(spec)
    # at the least: weights, gradients and Adam's moments; each sample's image with its gradient
    assert found > 16 * cost.parameters(spec) + 8 * batch * samples * math.prod(spec.shape)
    for more in ({"batch": batch + 1}, {"samples": samples + 1}):
        assert cost.step_bytes(replace(spec, **more)) > found


def test_part_of_a_run_is_that_of_its_slots(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: 64e9)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    assert machine.slots() == 4 and machine.run_memory() == 12e9 and machine.run_memory(2) == 24e9
    monkeypatch.setenv(machine.MEMORY, "3.5")
    assert machine.run_memory() == 3.5e9
    for rubbish in ("", "much", "-1", "0"):
        monkeypatch.setenv(machine.MEMORY, rubbish)
        assert machine.run_memory() == 12e9


def test_trainer_refuses_what_its_process_may_not_take(data_folder, monkeypatch):
    """A run that was queued on another machine, or by hand, is refused by its trainer, in words."""
    run = manage.create(preset("vae", **SMALL), "me")
    monkeypatch.setattr(machine, "memory_limit", lambda: 1e8)
    assert Trainer(run)() == BAD_INPUT
    now = status.read(run.path)
    assert now.state == "failed" and now.problem == "spec" and "GB of memory" in now.message
    assert control.read(run.path).mode == "run"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_process_at_its_limit_gets_a_memory_error():
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))\n"  # whatever this process was left
        "from vae.runs import machine; import numpy as np\n"
        "assert machine.memory_limit() is None; machine.limit_memory(2.5e9); assert machine.memory_limit() == 2.5e9\n"
        "np.empty(10**8)\n"
        "try:\n    np.empty(4 * 10**8)\nexcept MemoryError:\n    print('refused')\n"
        "machine.limit_memory(5e9); print(len(np.empty(4 * 10**8)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused", str(4 * 10**8)]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_training_here_leaves_the_process_its_limit(data_folder, monkeypatch):
    """A notebook that trains by the command's function is not limited for ever."""
    import resource

    before, during = resource.getrlimit(resource.RLIMIT_DATA), []
    monkeypatch.setattr(machine, "memory_limit", lambda: None)
    monkeypatch.setattr(machine, "memory", lambda: 64e9)
    monkeypatch.setattr(launch, "_train_here", lambda *_: during.append(resource.getrlimit(resource.RLIMIT_DATA)[0]))
    launch.train(manage.create(preset("vae", **SMALL), "me"), launch.Options(), "")
    assert during == [int(64e9)] and resource.getrlimit(resource.RLIMIT_DATA) == before


def test_memory_is_a_plausible_number():
    assert 1e8 < machine.memory() < 1e15 and np.isfinite(machine.run_memory())
