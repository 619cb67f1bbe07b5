"""Features of images in which distances mean something: what a small classifier of the data at hand makes of them."""

import torch
from torch import Tensor, nn

WIDTHS = 256, 64  # of the hidden layers; the last one's outputs are the features
EPOCHS, BATCH, RATE = 12, 100, 2e-3


def classifier(x: Tensor, labels: Tensor, seed: int = 0) -> nn.Sequential:
    """Return a module from examples [N, ...] to features [N, 64], trained to tell their labels [N].

    Fully connected with ReLUs, by Adam on the cross-entropy; the layer from features to classes is left out. Raises
    ValueError for fewer than two classes.
    """
    classes = int(labels.max()) + 1 if len(labels) else 0
    if classes < 2 or len(labels.unique()) < 2:
        raise ValueError("a classifier needs examples of at least two classes")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = nn.Sequential(
            nn.Flatten(1),
            nn.Linear(x[0].numel(), WIDTHS[0]),
            nn.ReLU(),
            nn.Linear(*WIDTHS),
            nn.ReLU(),
        )
        last = nn.Linear(WIDTHS[1], classes)
    features, last = features.to(x.dtype), last.to(x.dtype)
    optimiser = torch.optim.Adam([*features.parameters(), *last.parameters()], lr=RATE)
    generator = torch.Generator().manual_seed(seed)
    with torch.enable_grad():
        for _ in range(EPOCHS):
            for part in torch.randperm(len(x), generator=generator).split(BATCH):
                loss = nn.functional.cross_entropy(last(features(x[part])), labels[part])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return features.eval().requires_grad_(False)
