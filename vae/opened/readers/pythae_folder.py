"""Folders that pythae saves, of models with its own default networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vae.opened import tensors
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.opened.layer_steps import Weights, beside, linear
from vae.opened.network import Network, reshape, step
from vae.spec.layers import NetworkError

KIND = "pythae"
BETWEEN = frozenset({"iaf_flow", "net"})  # flows of pythae's VAE_IAF and VAE_LinNF
LIKELIHOODS = {"mse": "normal", "bce": "bernoulli"}


def recognises(path: Path) -> bool:
    """Return whether a folder holds pythae's configuration and weights."""
    return path.is_dir() and (path / "model_config.json").is_file() and (path / "model.pt").is_file()


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return a model with pythae's default networks, a perceptron each with one hidden layer; raises OpenError."""
    config = tensors.read_json(path / "model_config.json")
    _refuse_pickles(path, config)
    shape, latent = config.get("input_dim"), config.get("latent_dim")
    if not isinstance(shape, list | tuple) or not _sizes(shape) or not isinstance(latent, int):
        raise OpenError("model_config.json has no input_dim or latent_dim, so the networks' sizes are unknown.")
    weights, _ = tensors.load(path / "model.pt")
    image = tuple(int(n) for n in shape)
    try:
        encoder, second = _encoder(weights, image)
        decoder = _decoder(weights, image)
    except NetworkError as error:
        raise OpenError(f"The layers of model.pt do not follow on each other: {error}.") from error
    if decoder.in_shape != (latent,):
        raise OpenError(f"model_config.json says {latent} latents, and model.pt has {decoder.in_shape[0]}.")
    layout = "NCHW" if len(image) == 3 else "flat"
    origin = {"files": ["model_config.json", "model.pt"]}
    if between := sorted({name.partition(".")[0] for name in weights} & BETWEEN):
        raise OpenError(
            f"This pythae model bends its codes by {between[0]} between encoder and decoder, which is not read. Export "
            "encoder, with the flow, and decoder as ONNX."
        )
    more = sorted({name.partition(".")[0] for name in weights} - {"encoder", "decoder"})
    notes = (f"Besides its networks the model has {', '.join(more)[:80]}, which is left out.",) if more else ()
    stated = _stated(config, second)
    return Foreign(KIND, Declared(image, layout=layout), (latent,), encoder, decoder, second, {}, stated, origin, notes)


def _refuse_pickles(path: Path, config: Mapping[str, Any]) -> None:
    pickled = [name for name in ("encoder.pkl", "decoder.pkl") if (path / name).exists()]
    own = [role for role in ("encoder", "decoder") if config.get(f"uses_default_{role}") is False]
    if pickled or own:
        raise OpenError(
            f"This pythae model has networks of its own, in {' and '.join(pickled) or 'pickles'}, which run code when "
            f"they are read. Open it on your own machine: vae check {path.name[:80]} --allow-code"
        )


def _sizes(value: Sequence[Any]) -> bool:
    return 0 < len(value) <= 4 and all(isinstance(n, int) and 0 < n <= 65536 for n in value)


def _encoder(weights: Weights, image: tuple[int, ...]) -> tuple[Network, str | None]:
    first, mean = linear(weights, "encoder.layers.0.0"), linear(weights, "encoder.embedding")
    name = next((n for n in ("log_var", "log_concentration") if f"encoder.{n}.weight" in weights), None)
    if name == "log_concentration":
        raise OpenError("This pythae model has latents on a sphere, which no page here shows.")
    head = mean if name is None else beside(mean, linear(weights, f"encoder.{name}"))
    steps = (*reshape(image, (first.layer["in"],)), first, step("relu"), head)
    return Network(steps, image).check(), None if name is None else "log_covariance"


def _decoder(weights: Weights, image: tuple[int, ...]) -> Network:
    first, last = linear(weights, "decoder.layers.0.0"), linear(weights, "decoder.layers.1.0")
    steps = (first, step("relu"), last, step("sigmoid"), *reshape((last.layer["out"],), image))
    return Network(steps, (first.layer["in"],)).check()


def _stated(config: Mapping[str, Any], second: str | None) -> dict[str, Any]:
    stated: dict[str, Any] = {"output": "probabilities", "input": "[0, 1]"}
    name = str(config.get("name", ""))[:40].removesuffix("Config")
    stated["model"] = f"{name} of pythae"
    if second is not None:
        stated["second"] = "log variance"
    if likelihood := LIKELIHOODS.get(str(config.get("reconstruction_loss", ""))):
        stated["likelihood"] = likelihood
    if isinstance(beta := config.get("beta"), int | float):
        stated["beta"] = float(beta)
    return stated
