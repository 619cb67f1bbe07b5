"""A Python object by its name, module:name, on the user's own machine: importing a module runs it."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from vae.opened import calls
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign

KIND = "python"


def recognises(path: Path) -> bool:
    """Return whether a text names an object of a module, such as models.vae:load."""
    module, colon, name = str(path).partition(":")
    return (
        bool(colon)
        and not path.exists()
        and all(part.isidentifier() for part in [*module.split("."), *name.split(".")])
    )


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the object's model; a class or function is called without arguments first."""
    module, _, name = str(path).partition(":")
    sys.path.insert(0, "")
    try:
        thing: Any = import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part)
        if not (hasattr(thing, "encode") or hasattr(thing, "encoder")) or isinstance(thing, type):
            thing = thing()
    except ModuleNotFoundError as error:
        raise OpenError(
            f"{path} needs the module {error.name}, which is not here. Start in its folder, or install it."
        ) from error
    except Exception as error:  # the module's own code
        raise OpenError(f"{path} cannot be had: {type(error).__name__}: {error}.") from error
    finally:
        sys.path.pop(0)
    return calls.wrapped(thing, options, KIND)
