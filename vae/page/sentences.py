"""What a page says of its model in words."""

from typing import Any

from vae.geometry import plane as planes
from vae.geometry.plane import Bent, Ground
from vae.page.outline import class_name
from vae.runs import SHOWN_LABEL, Run, RunError
from vae.spec import presets


def facts(run: Run) -> str:
    """Return the model's kind, latent dimensions, data and most important number in one line."""
    spec = run.spec
    size = f"{spec.latent} latent dimension{'s' * (spec.latent != 1)}"
    return " · ".join(
        [part for part in (presets.title(spec.preset, full=True), size, spec.data_name, _headline(run)) if part]
    )


def _headline(run: Run) -> str:
    try:
        metrics = run.metrics
    except RunError:
        return ""
    for name, title in (("elbo", "ELBO"), ("distortion", "distortion")):
        if text := _number(metrics.get(name)):
            return f"{title} {text}"
    return ""


def _number(entry: dict[str, Any] | None) -> str:
    if not entry or not isinstance(entry.get("value"), int | float):
        return ""
    spread = f" ± {entry['se']:.2f}" if isinstance(entry.get("se"), int | float) else ""
    return f"{entry['value']:.2f}".replace("-", "−") + f"{spread} {entry.get('units', 'nats')}"


def map_note(run: Run, plane: Ground | None, label: int | None, live: bool) -> str:
    """Return which part of the latent space the map shows, for which label it decodes, and how."""
    ground = plane if plane is not None else planes.default(run.codes)
    said = []
    if run.spec.latent > 2:
        said.append(f"The map shows {_titles(ground)} of {run.spec.latent} latent dimensions")
        if ground.note:
            said[-1] += f" ({ground.note})"
    if run.spec.labels:
        chosen = SHOWN_LABEL if label is None else label
        said.append(f"This model is conditional: every point is decoded with the label {class_name(run.codes, chosen)}")
    if not live:
        said.append("The browser cannot run this decoder: the image under the pointer is interpolated between images "
                    "that were decoded beforehand")  # fmt: skip
    return "".join(f"{sentence}. " for sentence in said).strip()


def _titles(ground: Ground) -> str:
    if isinstance(ground, Bent):
        return ground.titles[0]
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    plain = [title.replace("<sub>", "").replace("</sub>", "") for title in ground.titles]
    return " and ".join(t.translate(subscripts) if t.startswith("z") else t for t in plain)


def prior_note(run: Run) -> str:
    """Return why a page has no samples from the prior."""
    if not run.spec.probabilistic:
        return "This model is a plain autoencoder. It has no prior, so there is nothing to draw samples from."
    return f"The prior {run.spec.other_prior}, and no samples of it were put into this page."
