"""Autoencoders and variational autoencoders, with tested bounds on log p(x).

    import vae
    run = vae.train("vae", data="digits", epochs=5)   # a preset, trained here with a progress bar
    print(vae.evaluate(run)["elbo"])                  # {"value": ..., "se": ..., "n": 360, "units": "nats"}
    model = vae.load(run)                             # or vae.load("mnist-vae-2d"), or a folder
    codes = model.encode(vae.data.load("digits", "test").images).mean   # [360, 2]
    images = model.decode(codes).mean                 # [360, 1, 8, 8]
    view = vae.explore(model)                         # in a notebook: the map, which decodes under the pointer
    view.z, view.selection                            # the pinned point, and the lassoed codes

`preset` and `Spec` choose a model in detail, `data` has the datasets. All bounds are in nats per example. Importing
this package loads no torch: each of its names is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae import data
    from vae.exploring import explore
    from vae.notebook import Model, evaluate, load, train
    from vae.spec import PRESETS, Spec, SpecError, preset

__all__ = ["PRESETS", "Model", "Spec", "SpecError", "data", "evaluate", "explore", "load", "preset", "train"]

_PLACES = {"explore": "exploring"} | dict.fromkeys(("Model", "evaluate", "load", "train"), "notebook")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'vae' has no attribute {name!r}")
    if name == "data":
        return import_module("vae.data")
    return getattr(import_module(f"vae.{_PLACES.get(name, 'spec')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
