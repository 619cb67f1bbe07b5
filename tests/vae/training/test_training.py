"""Training: resume bit for bit, non-finite steps, schedules, whole batches, and runs as folders."""

import json
import math

import numpy as np
import pytest
import torch

from vae import runs
from vae.data import DataError, load
from vae.data.batches import Batches, order, prepare
from vae.model import build, draw
from vae.model.families import sample
from vae.spec import PRESETS, Spec, SpecError, preset, schedules
from vae.training.checkpoints import train
from vae.training.loop import SKIPS_BEFORE_STOP, Diverged, State, fit

SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32, 16]}}


def digits_spec(**changes) -> Spec:
    return preset(changes.pop("preset", "vae"), **{**SMALL, "batch": 64, "epochs": 2, **changes})


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train"), load("digits", "valid")


def take(steps, count):
    """Return the first records and close the generator, as a person who presses Stop does."""
    records = []
    for step in steps:
        records.append(step)
        if len(records) == count:
            steps.close()
            break
    return records


def trained(path, spec, digits, *counts):
    """Train a run in pieces of so many steps and return it."""
    run = runs.create(path, spec)
    for count in counts:
        take(train(run, prepare(digits[0], spec), prepare(digits[1], spec)), count)
    return runs.Run(path)


def test_train_20_equals_train_10_and_resume_10_bit_for_bit(tmp_path, digits):
    spec = digits_spec(learning_rate={"schedule": "cosine", "start": 1e-2, "stop": 0.0, "steps": 20}, keep="last")
    whole = trained(tmp_path / "whole", spec, digits, 20)
    parts = trained(tmp_path / "parts", spec, digits, 10, 10)
    one, two = (torch.load(r.path / "state.pt", weights_only=True) for r in (whole, parts))
    assert one["step"] == two["step"] == 20
    for name, tensor in one["model"].items():
        assert torch.equal(tensor, two["model"][name]), name
    for slot in one["optimiser"]["state"]:
        for name, tensor in one["optimiser"]["state"][slot].items():
            assert torch.equal(tensor, two["optimiser"]["state"][slot][name])
    assert torch.equal(one["generator"], two["generator"])
    assert (whole.path / "model.safetensors").read_bytes() == (parts.path / "model.safetensors").read_bytes()


def test_resumed_over_epochs_the_history_is_the_unbroken_one(tmp_path, digits):
    spec = digits_spec(epochs=3)
    per_epoch = math.ceil(len(digits[0]) / 64)
    whole = trained(tmp_path / "whole", spec, digits, 3 * per_epoch)
    parts = trained(tmp_path / "parts", spec, digits, per_epoch, 2 * per_epoch)

    def strip(records):
        return [{k: v for k, v in r.items() if k != "seconds"} for r in records]

    assert strip(whole.history) == strip(parts.history)
    assert whole.history[-1]["valid"]["objective"] < 0
    assert len(whole.history) >= 15


def test_a_kill_after_the_checkpoint_leaves_no_doubled_history(tmp_path, digits):
    spec = digits_spec(epochs=2)
    run = trained(tmp_path / "run", spec, digits, math.ceil(len(digits[0]) / 64))
    whole = trained(tmp_path / "whole", spec, digits, 10**6)
    with open(run.path / "history.jsonl", "ab") as file:  # written by a process that was killed before its checkpoint
        file.write(b'{"step": 22, "epoch": 1}\n{"step": 23, "ep')
    take(train(run, prepare(digits[0], spec), prepare(digits[1], spec)), 10**6)
    steps = [r["step"] for r in runs.Run(run.path).history]
    assert steps == sorted(set(steps)) == [r["step"] for r in whole.history]


def test_best_weights_are_kept_apart_from_the_optimisers_weights(tmp_path, digits):
    """Defect elsewhere: checkpoints that pair the best weights with the latest optimiser state."""
    spec = digits_spec(epochs=4, learning_rate=3e-2)
    run = trained(tmp_path / "run", spec, digits, 10**6)
    values = [r["valid"]["objective"] for r in run.history if "valid" in r]
    state = torch.load(run.path / "state.pt", weights_only=True)
    assert state["best"] == max(values)
    saved = run.weights()
    latest = State.fresh(spec)
    latest.load(run.path / "state.pt")
    assert all(np.array_equal(saved[k], v.numpy()) for k, v in latest.best_weights.items())
    assert all(torch.equal(v, state["model"][k]) for k, v in latest.model.state_dict().items())


def test_a_non_finite_step_changes_nothing_and_is_counted(digits):
    spec = digits_spec()
    state = State.fresh(spec)
    batches = prepare(digits[0], digits_spec(binarisation="dynamic"))
    steps = fit(state, spec, batches)
    next(steps)
    before = {k: v.clone() for k, v in state.model.state_dict().items()}
    with torch.no_grad():
        weight = state.model.decoder.net[0].weight
        kept = weight[0, 0].item()
        weight[0, 0] = math.nan
    step = next(steps)
    assert step.skipped == 1
    with torch.no_grad():
        weight[0, 0] = kept
    assert all(torch.equal(v, before[k]) for k, v in state.model.state_dict().items())
    assert next(steps).skipped == 1


def test_bad_steps_in_a_row_stop_with_the_last_good_weights(tmp_path, digits):
    """Several in a row stop the run with the last good weights."""
    spec = digits_spec(learning_rate=1e-3, epochs=4)
    run = runs.create(tmp_path / "run", spec)
    bad = Batches(torch.full((256, 1, 8, 8), math.nan), 1, False)
    with pytest.raises(Diverged, match="learning rate.*gradient norm.*Resume with a learning rate"):  # noqa: PT012
        for step in train(run, bad, None):
            assert step.skipped <= SKIPS_BEFORE_STOP
    weights = runs.Run(run.path).weights()  # raises if any is not finite
    start = State.fresh(spec).model.state_dict()
    assert all(np.array_equal(v, start[k].numpy()) for k, v in weights.items())


def test_every_example_is_seen_once_an_epoch():
    """Defect elsewhere: the remainder dropped."""
    parts = order(103, 25, seed=3, epoch=2)
    assert [len(p) for p in parts] == [25, 25, 25, 25, 3]
    assert sorted(torch.cat(parts).tolist()) == list(range(103))
    assert not torch.equal(parts[0], order(103, 25, seed=3, epoch=3)[0])
    assert len({tuple(torch.cat(order(103, 25, seed, 2)).tolist()) for seed in (3, 3 + 2**12, 3 + 2**30)}) == 3


def test_dynamic_binarisation_has_exactly_the_pixels_probability():
    pixels = torch.tensor([0, 1, 128, 254, 255], dtype=torch.uint8).repeat(40_000, 1)
    batches = Batches(pixels, 255, True)
    ones = batches.take(slice(None), torch.Generator().manual_seed(0)).mean(0)
    expected = torch.tensor([0, 1, 128, 254, 255]) / 255
    assert ones[0] == 0 and ones[4] == 1
    error = (expected * (1 - expected) / 40_000).sqrt()
    assert ((ones - expected).abs() <= 4 * error).all()
    again = batches.take(slice(None), torch.Generator().manual_seed(1))
    assert not torch.equal(again, batches.take(slice(None), torch.Generator().manual_seed(2)))


def test_bernoulli_refuses_grey_pixels(digits):
    """Defect elsewhere: binary cross-entropy on grey pixels called a log-likelihood."""
    with pytest.raises(DataError, match="(?s)continuous.*normal|normal.*continuous"):
        prepare(digits[0], digits_spec(binarisation="none"))


def test_schedules():
    ramp = {"schedule": "linear", "start": 0.0, "stop": 4.0, "steps": 8}
    assert [schedules.at(ramp, s) for s in (0, 4, 8, 100)] == [0, 2, 4, 4]
    cosine = {"schedule": "cosine", "start": 1.0, "stop": 0.0, "steps": 10, "warmup": 4}
    assert schedules.at(cosine, 0) == 0.25 and schedules.at(cosine, 5) == pytest.approx(0.5)
    assert schedules.at(0.5, 99) == 0.5
    for wrong in ({"schedule": "steep", "start": 0, "stop": 1, "steps": 3}, {"start": 0}, math.nan, "fast", True):
        with pytest.raises(schedules.ScheduleError):
            schedules.check(wrong, "beta")


def test_beta_follows_its_schedule(digits):

    spec = digits_spec(
        objective={"kind": "elbo", "beta": {"schedule": "linear", "start": 0.0, "stop": 4.0, "steps": 10}}
    )
    model, objective = build.model(spec), build.objective(spec)
    sample = draw(model, prepare(digits[0], spec).take(slice(0, 8), torch.Generator()))
    for step, beta in ((0, 0.0), (5, 2.0), (10, 4.0), (99, 4.0)):
        assert torch.allclose(objective(sample, step), -sample.distortion - beta * sample.rate)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_trains_and_its_bound_rises(name, digits):
    changes = {} if PRESETS[name].entries.get("encoder") else {"encoder": SMALL["encoder"]}
    if PRESETS[name].entries.get("likelihood", {}).get("kind") == "discretised_logistic":
        changes["likelihood"] = {**PRESETS[name].entries["likelihood"], "levels": 16}
    spec = preset(
        name, **{**SMALL, "encoder": {"kind": "linear"}, **changes, "batch": 64, "epochs": 10, "learning_rate": 5e-3}
    )
    state, batches = State.fresh(spec), prepare(digits[0], spec)
    steps = list(fit(state, spec, batches, prepare(digits[1], spec)))
    held = [s.valid["objective"] for s in steps if s.valid is not None]
    assert len(steps) == 210 and len(held) == 10 and held[-1] > held[0] + 1
    assert (steps[-1].rate is None) == (not spec.probabilistic)
    assert all(math.isfinite(s.gradient_norm) and s.seconds > 0 for s in steps)
    model, generator = state.model.eval(), torch.Generator().manual_seed(0)
    x = batches.take(slice(0, 5), generator)
    model = model.given(None if spec.condition is None else torch.tensor(3))
    reconstructions = model.decode(model.encode(x).mean)
    assert reconstructions.mean.shape == (5, 1, 8, 8) and reconstructions.log_prob(x).isfinite().all()
    codes = [model.encode(x).mean]
    if spec.probabilistic:
        assert (model.encode(x).stddev > 0).all()
        codes.append(sample(model.prior(), 50, generator))
        assert codes[1].shape == (50, 2) and codes[1].abs().max() < 1e3
        assert reconstructions.mean.clamp(0, 1).sub(x).abs().mean() < x.sub(x.mean(0)).abs().mean() + 0.1
    for z in codes:
        images = sample(model.decode(z), 3, generator)
        assert images.shape == (3, len(z), 1, 8, 8) and images.isfinite().all()
        if spec.likelihood["kind"] not in ("normal", "laplace"):
            assert images.min() >= 0 and images.max() <= 1


def test_conv_networks_fit_any_image_shape():
    for shape in ((1, 28, 28), (3, 32, 32), (1, 64, 64), (2, 17, 23)):
        spec = preset("vae", shape=shape, latent=3, encoder={"kind": "conv", "channels": [4, 8], "hidden": 16})
        sample = draw(build.model(spec), torch.zeros(5, *shape), 2, generator=torch.Generator())
        assert sample.p.mean.shape == (2, 5, *shape) and sample.log_px.shape == (2, 5) and sample.z.shape == (2, 5, 3)


def test_spec_goes_to_json_and_back():
    spec = digits_spec(objective={"kind": "elbo", "beta": {"schedule": "cosine", "start": 0, "stop": 1, "steps": 5}})
    assert Spec.from_json(spec.to_json()) == spec
    json.loads(spec.to_json())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent": 0}, "Latent size"),
        ({"batch": 0}, "Batch"),
        ({"epochs": 2.5}, "Epochs"),
        ({"learning_rate": math.inf}, "Learning rate"),
        ({"objective": {"kind": "elbo", "beta": math.nan}}, "β"),
        ({"encoder": {"kind": "mlp", "widths": [0]}}, "Widths"),
        ({"encoder": {"kind": "mlp", "widths": [8], "activation": "magic"}}, "Activation"),
        ({"encoder": {"kind": "cube"}}, "Network: there is no"),
        ({"likelihood": {"kind": "poisson"}}, "Likelihood .* there is no"),
        ({"shape": (1, 2, 2), "encoder": {"kind": "conv", "channels": [4, 4, 4]}}, "halvings"),
        ({"binarisation": "sometimes"}, "Binarisation"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_impossible_specs_are_refused_with_the_reason(changes, message):
    with pytest.raises(SpecError, match=message):
        preset("vae", **changes)


def test_an_autoencoder_has_no_bound_and_says_so(digits):
    with pytest.raises(SpecError, match="reconstruction"):
        build.objective(digits_spec(preset="autoencoder", objective={"kind": "elbo"}))
    spec = digits_spec(preset="autoencoder")
    sample = draw(build.model(spec), prepare(digits[0], spec).take(slice(0, 4), torch.Generator()))
    assert sample.rate is None
    with pytest.raises(TypeError, match="no prior"):
        _ = sample.log_pz
    with pytest.raises(TypeError, match="no rate"):
        _ = sample.log_qz


def test_the_global_generator_is_left_alone(digits):
    spec = digits_spec()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for _ in zip(fit(State.fresh(spec), spec, prepare(digits[0], spec)), range(5), strict=False):
        pass
    assert torch.equal(torch.get_rng_state(), before)
