"""Which outputs of an encoder are the mean and the second head, by their names and shapes."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Candidate

# what names say, in lower case and without separators; the longest match decides
MEANS = ("mu", "mean", "zmean", "zmu", "loc", "embedding", "latent", "code", "fcmu", "meanz")
SECONDS = {
    "logvar": "log variance", "logvariance": "log variance", "zlogvar": "log variance", "lv": "log variance",
    "logcovariance": "log variance", "fcvar": "", "fclogvar": "log variance",
    "logsigma": "log sigma", "logstd": "log sigma", "logscale": "log sigma", "lnsigma": "log sigma",
    "sigma": "sigma", "std": "sigma", "stddev": "sigma", "scale": "sigma", "zsigma": "sigma", "zstd": "sigma",
    "var": "", "variance": "variance", "zvar": "",
}  # fmt: skip
SAMPLES = ("z", "sample", "zsample", "sampling")


def plain(name: str) -> str:
    """Return a name in lower case without separators and numbers of outputs."""
    return "".join(c for c in name.split(":")[0].rsplit("/", 1)[-1].lower() if c.isalpha())


def reading(name: str | None) -> str:
    """Return what a second head's name says that it is, one of READINGS, or "" where it says nothing."""
    word = plain(name or "")
    matches = [key for key in SECONDS if word == key or (len(key) > 3 and word.endswith(key))]
    return SECONDS[max(matches, key=len)] if matches else ""


def chosen(
    candidates: Sequence[Candidate], options: Mapping[str, Any], d: int | None = None
) -> tuple[Candidate, Candidate | None]:
    """Return the mean and the second head among an encoder's outputs, of which `d` numbers are latents where known.

    Options "mean" and "second" decide; otherwise names, and the order of outputs of one shape. Raises ChoiceNeededError
    where several could be the mean.
    """
    by_name = {one.name: one for one in candidates}
    names = list(by_name)
    for option in ("mean", "second"):
        asked = options.get(option)
        if asked is not None and asked not in by_name and asked != "none":
            raise OpenError(f"This model has no output {str(asked)[:60]!r}. Choose one of {', '.join(names)[:300]}.")
    fitting = [one for one in candidates if d is None or prod(one.shape) == d] or list(candidates)
    if (asked := options.get("mean")) in by_name:
        mean = by_name[asked]
    else:
        mean = _mean(fitting)
    if options.get("second") == "none":
        return mean, None
    if (asked := options.get("second")) in by_name:
        return mean, by_name[asked]
    others = [one for one in candidates if one is not mean and one.shape == mean.shape and not _sample(one.name)]
    named = [one for one in others if plain(one.name) in SECONDS or reading(one.name)]
    if named:
        return mean, named[0]
    after = [one for one in others if names.index(one.name) > names.index(mean.name)]
    return mean, after[0] if after else None


def _sample(name: str) -> bool:
    return plain(name) in SAMPLES


def _mean(candidates: Sequence[Candidate]) -> Candidate:
    named = [one for one in candidates if plain(one.name) in MEANS]
    if len(named) == 1:
        return named[0]
    rest = [one for one in candidates if plain(one.name) not in SECONDS and not _sample(one.name)] or list(candidates)
    if len({one.shape for one in rest}) > 1:
        names = [one.name for one in rest]
        text = ", ".join(f"{one.name} {list(one.shape)}" for one in rest)
        raise ChoiceNeededError(
            f"Several outputs could be the mean: {text[:300]}. Choose one as `mean`.", "mean", names
        )
    return rest[0]
