"""What an opened model lacks, and what each page says in place of what cannot be had. No torch."""

from collections.abc import Mapping
from typing import Any

from vae.runs.run import CODES_ONLY

MODEL, ENCODER, DECODER, PRIOR, DATA = "model", "encoder", "decoder", "prior", "data"

SENTENCES: dict[str, str] = {
    MODEL: "These are codes without their model.",
    ENCODER: "This model came without an encoder.",
    DECODER: "This model came without a decoder.",
    PRIOR: "This model has no prior: its codes are points.",
    DATA: "This model was opened without data.",
}
OTHERWISE: dict[str, dict[str, str]] = {
    MODEL: {
        "Explore": "The map shows them, and nothing is decoded.",
        "Paths": "A path crosses the map, and nothing is decoded on its way.",
        "Sample": "Points can be drawn from their density, and nothing is decoded.",
        "Theory": "There is no p(x|z) and no q(z|x) to explain.",
        "Diagnose": "Only the codes themselves can be judged.",
        "Compare": "Their map is compared, and no images.",
    },
    ENCODER: {
        "Explore": "The dots are draws from N(0, I), not codes of data.",
        "Paths": "Its ends are draws from N(0, I).",
        "Theory": "q(z|x) is set to the prior, so the rate is 0 and the bound that of draws from the prior.",
        "Diagnose": "Only what the decoder does can be judged.",
        "Compare": "Its codes are draws from N(0, I).",
    },
    DECODER: {
        "Explore": "The map shows codes, and every point shows the same grey example.",
        "Paths": "Every point of a path shows the same grey example.",
        "Sample": "Every sample is the same grey example.",
        "Theory": "p(x|z) is the same for every z.",
        "Diagnose": "Only the codes can be judged.",
    },
    PRIOR: {
        "Sample": "Where to sample from is a choice: the codes' own density is offered.",
        "Diagnose": "Rate, bound and holes do not exist for it.",
    },
    DATA: {
        "Explore": "The dots are draws from N(0, I), not codes of data.",
        "Diagnose": "Nothing can be measured on data.",
        "Theory": "There is no example x to explain.",
    },
}


def of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a run's model lacks, () for a run that was trained here."""
    if meta.get(CODES_ONLY):
        return (MODEL,)
    opened = meta.get("opened")
    found = opened.get("missing") if isinstance(opened, Mapping) else None
    return tuple(word for word in found if word in SENTENCES) if isinstance(found, list) else ()


def sentences(meta: Mapping[str, Any], page: str) -> list[str]:
    """Return what a page says in place, a sentence or two for each thing that is missing and matters there."""
    said: list[str] = []
    for word in of(meta):
        more = OTHERWISE[word].get(page, "")
        if more and not any(more in text for text in said):
            said.append(f"{SENTENCES[word]} {more}")
    return said
