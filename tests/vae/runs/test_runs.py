"""Run folders: written atomically, read without torch or pickle, and honest about damage."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vae import runs
from vae.geometry import plane
from vae.model import build
from vae.runs import Codes, RunError
from vae.spec import preset


@pytest.fixture
def run(tmp_path):
    spec = preset("vae", data="digits", shape=(1, 8, 8), latent=3, encoder={"kind": "mlp", "widths": [8]})
    made = runs.create(tmp_path / "one", spec)
    model = {f"decoder.{k}": v.numpy() for k, v in build.model(spec).decoder.state_dict().items()}
    save_file(model, made.path / "model.safetensors")
    rng = np.random.default_rng(0)
    means = rng.normal(size=(20, 3)).astype(np.float32)
    codes = Codes(means, np.full_like(means, 0.1), np.arange(20) % 10, tuple("0123456789"), "test")
    runs.write(made.path / "codes.npz", codes.to_bytes())
    return made


def test_reading_runs_imports_no_torch_and_no_sklearn():
    program = (
        "import sys, vae.runs, vae.spec, vae.spec.layers, vae.geometry.plane, vae.data, vae.spec.schedules;"
        "bad = {'torch', 'sklearn', 'torchvision', 'scipy', 'streamlit'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_codes_and_decoder_come_back(run):
    assert len(run.codes) == 20 and run.codes.classes[3] == "3" and run.codes.split == "test"
    layers, weights = run.decoder()
    assert [layer["kind"] for layer in layers] == ["linear", "relu", "linear", "unflatten"]
    assert weights["0.weight"].shape == (8, 3)


def test_a_failed_write_leaves_the_last_good_version(run, monkeypatch):
    before = (run.path / "codes.npz").read_bytes()

    def kill(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs.files.os, "replace", kill)
    with pytest.raises(KeyboardInterrupt):
        runs.write(run.path / "codes.npz", b"half")
    assert (run.path / "codes.npz").read_bytes() == before
    assert not list(run.path.glob(".*.tmp"))


def test_threads_writing_one_file_leave_a_whole_version(run):
    """Threads that write one file at once leave one whole version."""
    together, errors, versions = threading.Barrier(4), [], [bytes([65 + i]) * 5_000 for i in range(4)]

    def hammer(content):
        together.wait()
        try:
            for _ in range(200):
                runs.write(run.path / "note.txt", content, durable=False)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=(content,)) for content in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert (run.path / "note.txt").read_bytes() in versions
    assert not list(run.path.glob(".*.tmp"))


def damage(run, name, content):
    (run.path / name).write_bytes(content)
    return runs.Run(run.path)


def test_damage_is_told_with_the_remedy(run):
    whole = (run.path / "codes.npz").read_bytes()
    with pytest.raises(RunError, match="damaged.*encode"):
        _ = damage(run, "codes.npz", whole[: len(whole) // 2]).codes
    with pytest.raises(RunError, match="damaged.*encode"):
        _ = damage(run, "codes.npz", b"").codes
    weights = (run.path / "model.safetensors").read_bytes()
    with pytest.raises(RunError, match="model.safetensors is damaged"):
        damage(run, "model.safetensors", weights[:100]).weights()
    with pytest.raises(RunError, match="spec.json cannot be used"):
        _ = damage(run, "spec.json", b'{"latent": ').spec


def test_a_flipped_byte_is_an_error_and_never_another_map(run):
    whole, good = (run.path / "codes.npz").read_bytes(), run.codes
    refused = 0
    for position in range(0, len(whole), 5):
        flipped = bytearray(whole)
        flipped[position] ^= 0xFF
        try:
            codes = damage(run, "codes.npz", bytes(flipped)).codes
        except RunError:
            refused += 1
            continue
        assert np.array_equal(codes.means, good.means) and np.array_equal(codes.scales, good.scales)
    assert refused > len(whole) / 5 / 2


def test_weights_of_another_spec_are_named_with_both_shapes(run):
    weights = load_file(run.path / "model.safetensors")
    weights["decoder.net.0.weight"] = np.zeros((9, 3), np.float32)
    save_file(weights, run.path / "model.safetensors")
    with pytest.raises(RunError, match=r"\(9, 3\).*\(8, 3\)"):
        run.decoder()


def test_nan_weights_are_refused(run):
    weights = load_file(run.path / "model.safetensors")
    weights["decoder.net.2.bias"][4] = np.nan
    save_file(weights, run.path / "model.safetensors")
    with pytest.raises(RunError, match="NaN.*Resume"):
        run.decoder()


def test_codes_of_the_wrong_shape_or_with_nan_are_refused(run):
    good = run.codes
    for means, message in ((good.means[:, :2], r"expected floats \[N, 3\]"), (good.means * np.nan, "NaN")):
        scales = good.scales[:, : means.shape[1]]
        runs.write(run.path / "codes.npz", Codes(means, scales, good.labels, good.classes, "test").to_bytes())
        with pytest.raises(RunError, match=message):
            _ = runs.Run(run.path).codes


def test_pickled_codes_are_never_loaded(run):
    np.savez(run.path / "codes.npz", means=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match="damaged"):
        _ = runs.Run(run.path).codes


def test_library_lists_broken_folders_with_their_reason(run, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "spec.json").write_text("{}{")
    found = {r.name: r for r in runs.library([tmp_path])}
    assert isinstance(found["one"], runs.Run) and isinstance(found["broken"], runs.Broken)
    assert "spec.json" in found["broken"].reason


@pytest.mark.parametrize("name", ["missing", "../one", "a/b", "", ".", "..", "x" * 200])
def test_names_are_found_inside_the_folders_only(run, tmp_path, name):
    with pytest.raises(RunError, match="Known models: one"):
        runs.find(name, [tmp_path])


def test_a_run_is_never_overwritten(run):
    with pytest.raises(RunError, match="--resume"):
        runs.create(run.path, run.spec)


def test_planes_project_and_come_back():
    rng = np.random.default_rng(1)
    means = (rng.normal(size=(500, 6)) * [0.1, 2, 0.1, 1, 0.1, 0.1]).astype(np.float32)
    scales = np.where(means.std(0) > 0.5, 0.1, 1.0) * np.ones_like(means)
    components = np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    codes = Codes(means, scales, None, (), "test", means.mean(0), components, np.array([0.6, 0.2]))
    for view in (plane.pair(6, 1, 4), plane.principal(codes)):
        u = rng.normal(size=(7, 2))
        assert np.allclose(view.to_plane(view.to_latent(u)), u, atol=1e-6)
        z = view.to_latent(u)[0]
        for other in means[:20]:  # the projection is the nearest point of the plane
            nearest = view.to_latent(view.to_plane(other))
            assert np.linalg.norm(other - nearest) <= np.linalg.norm(other - z) + 1e-6
    assert plane.default(codes).titles == ("z<sub>2</sub>", "z<sub>4</sub>")
    assert "60%" in plane.principal(codes).titles[0].replace(" ", "")
    with pytest.raises(ValueError, match="different dimensions"):
        plane.pair(6, 2, 2)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_weights_of_wrapped_modules_load(run, prefix):
    from vae.runs.load import load_model

    good = {name: weight.numpy() for name, weight in build.model(run.spec).state_dict().items()}
    save_file({prefix + name: weight for name, weight in good.items()}, run.path / "model.safetensors")
    loaded = {name: weight.numpy() for name, weight in load_model(run).state_dict().items()}
    assert all(np.array_equal(loaded[name], weight) for name, weight in good.items())
    assert run.decoder()[1]["0.weight"].shape == (8, 3)


def test_weights_of_another_network_are_one_line(run):
    from vae.runs.load import load_model

    save_file({f"layers.{i}.w": np.zeros(3, np.float32) for i in range(30)}, run.path / "model.safetensors")
    with pytest.raises(RunError, match=r"it lacks \S+ and \d+ more and it holds layers\.0\.w and 29 more") as refused:
        load_model(run)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_card_and_zip_follow_no_links(run, tmp_path):
    import io
    import zipfile

    from vae.runs import manage

    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("secret")
    (run.path / "card.md").symlink_to(tmp_path / "secret" / "key.txt")
    (run.path / "note.txt").symlink_to(tmp_path / "secret" / "key.txt")
    (run.path / "more").symlink_to(tmp_path / "secret", target_is_directory=True)
    with zipfile.ZipFile(io.BytesIO(manage.archive(run))) as bundle:
        assert {name.partition("/")[2] for name in bundle.namelist()} == {"spec.json", "model.safetensors", "codes.npz"}
    assert runs.Run(run.path).card == ""
