"""The device that training runs on."""

from vae.spec import SpecError


def check(device: str) -> None:
    """Raise SpecError unless the device is cpu, or a CUDA device that is there: cuda, cuda:1."""
    import torch

    kind, colon, number = device.partition(":")
    if device != "cpu" and not (kind == "cuda" and (number.isdigit() if colon else True)):
        raise SpecError(f"There is no device {device!r}. Choose cpu, cuda, or one GPU by its number, such as cuda:0.")
    if kind == "cuda":
        there = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= there:
            found = "no GPU that this torch can use" if not there else f"{there} of them, counted from 0"
            raise SpecError(f"There is no device {device}: this machine has {found}. Choose cpu.")
