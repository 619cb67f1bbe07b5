"""The layers of a spec's two networks, from their input and output shapes."""

from collections.abc import Mapping
from typing import Any

from vae.spec.choices import LIKELIHOODS, NETWORKS, POSTERIORS
from vae.spec.layers import Layer, NetworkError, Shape

Entries = Mapping[str, Any]


def plan(
    network: Entries, in_shape: Shape, out_shape: Shape, *, mirrored: bool = False, labels: int = 0
) -> list[Layer]:
    """Return the layers of a network given as {"kind": ..., **options}; `mirrored` reverses the widths of an mlp.

    With `labels` > 0, the first linear layer also takes a one-hot label of that size. Raises NetworkError on an
    unknown kind or option, or if the network does not fit the shapes.
    """
    kind = network.get("kind")
    if kind not in NETWORKS:
        raise NetworkError(f"unknown network {kind!r}; choose one of {sorted(NETWORKS)}")
    options = {name: value for name, value in network.items() if name != "kind"}
    if mirrored and "widths" in options:
        options["widths"] = list(reversed(options["widths"]))
    try:
        layers: list[Layer] = NETWORKS[kind].load()(in_shape, out_shape, **options)
    except TypeError as error:
        raise NetworkError(f"{kind} network: {error}") from error
    if labels:
        first = next((layer for layer in layers if layer["kind"] == "linear"), None)
        if first is None:
            raise NetworkError(f"the {kind} network has no linear layer, which could take labels")
        first["labels"] = labels
    return layers


def labels(entries: Entries) -> int:
    """Return the number of labels that the model is conditioned on, 0 for none."""
    return 0 if entries["condition"] is None else int(entries["condition"].get("classes", 10))


def encoder(entries: Entries) -> list[Layer]:
    """Return the layers of x -> parameters of q(z|x) of a spec's entries (`vars(spec)`)."""
    posterior, latent = entries["posterior"], entries["latent"]
    out = (POSTERIORS[posterior["kind"]].width(latent, posterior),)
    return plan(entries["encoder"], entries["shape"], out, labels=labels(entries))


def decoder(entries: Entries) -> list[Layer]:
    """Return the layers of z -> parameters of p(x|z); a family with scales doubles the first axis."""
    likelihood, shape, latent = entries["likelihood"], entries["shape"], (entries["latent"],)
    out = (LIKELIHOODS[likelihood["kind"]].width(shape[0], likelihood), *shape[1:])
    network = entries["decoder"]
    if network is None:
        return plan(entries["encoder"], latent, out, mirrored=True, labels=labels(entries))
    return plan(network, latent, out, labels=labels(entries))
