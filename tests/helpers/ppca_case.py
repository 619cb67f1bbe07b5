"""A pPCA with data of its own as a case of the diagnosis: its posterior and its data are known."""

from types import SimpleNamespace

import torch
from ppca import as_vae, data_of, random_ppca

from vae.data.batches import Batches
from vae.diagnosis import measure
from vae.spec import preset


def case_of(widen: float = 1.0, labels: bool = False) -> measure.Case:
    """A pPCA as a linear VAE, with data of its own; `widen` makes its q wrong."""
    spec = preset("linear-vae", data="linear-gaussian", shape=(7,), latent=2)
    ppca = random_ppca()
    data = [Batches(torch.from_numpy(data_of(ppca, 600, seed)).float(), 1, False) for seed in (1, 2)]
    classes, own = ((part.examples[:, 0] > 0).long().numpy() if labels else None for part in (data[1], data[0]))
    codes = SimpleNamespace(labels=own, classes=("below", "above"))
    found = measure.Case(SimpleNamespace(spec=spec, codes=codes), as_vae(ppca, widen), data[0])
    found.__dict__["train"] = data[1]
    found.__dict__["known"] = SimpleNamespace(labels=classes)
    return found
