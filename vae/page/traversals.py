"""What the browser needs to decode traversals: a row and a range for each dimension (traverse.js)."""

from typing import Any

from vae.geometry import traversal
from vae.geometry.traversal import Dimension
from vae.page import vectors
from vae.page.space import no_densities
from vae.runs import Codes, Run

FRAMES = 11  # an odd number, so that the middle one is the middle


def dimensions(run: Run, codes: Codes) -> list[Dimension]:
    """Return the dimensions of a run's codes in the order in which traversals show them."""
    return traversal.dimensions(codes, not no_densities(run.spec) and codes.scales is not None)


def traverse_header(run: Run, codes: Codes) -> dict[str, Any]:
    """Return all that traversals show besides the point from which they start."""
    found, vector = dimensions(run, codes), len(run.spec.shape) != 3
    return {
        "run": run.name,
        "shape": [1, vectors.HEIGHT, vectors.WIDTH] if vector else list(run.spec.shape),
        "lines": vectors.lines_of(run),
        "vector": vector,
        "split": codes.split,
        "count": len(codes),
        "frames": FRAMES,
        "served": 0,
        "dimensions": [_facts(d) for d in found],
        "active": sum(not d.dead for d in found),
        "order": "KL(q(z|x) ‖ p(z))" if found[0].kl is not None else "the variance of E[z|x]",
    }


def _facts(d: Dimension) -> dict[str, Any]:
    kl = None if d.kl is None else round(d.kl, 3)
    return {"index": d.index, "kl": kl, "variance": round(d.variance, 4), "low": d.low, "high": d.high, "dead": d.dead}
