"""pythae 0.1.2 in an environment of its own: one epoch each time a line arrives, images a second printed.

python pythae_vae.py IMAGES.npy THREADS       (images uint8 [N, 28, 28])
"""

import contextlib
import sys
import tempfile
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn


class Encoder(BaseEncoder):
    """784-400-(20, 20)."""

    def __init__(self, config):
        super().__init__()
        self.hidden, self.mean, self.log_var = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)

    def forward(self, x):
        """Return mean and log variance."""
        h = torch.relu(self.hidden(x.reshape(-1, 784)))
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_var(h))


class Decoder(BaseDecoder):
    """20-400-784."""

    def __init__(self, config):
        super().__init__()
        self.hidden, self.out = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, z):
        """Return the mean image."""
        return ModelOutput(reconstruction=torch.sigmoid(self.out(torch.relu(self.hidden(z)))).reshape(-1, 1, 28, 28))


def main() -> None:
    """Answer each line on standard input with the speed of one epoch."""
    torch.set_num_threads(int(sys.argv[2]))
    images = torch.from_numpy(np.load(sys.argv[1])).float().div(255).unsqueeze(1)
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        model = VAE(config, Encoder(config), Decoder(config))
        settings = BaseTrainerConfig(
            output_dir=folder, per_device_train_batch_size=128, learning_rate=1e-3, optimizer_cls="Adam", no_cuda=True
        )
        trainer = BaseTrainer(model, BaseDataset(images, torch.zeros(len(images))), training_config=settings)
        trainer.prepare_training()
        for epoch, _ in enumerate(sys.stdin, 1):
            began = time.perf_counter()
            trainer.train_step(epoch)
            print(len(images) / (time.perf_counter() - began), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
