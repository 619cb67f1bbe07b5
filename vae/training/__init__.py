"""Training: the loop, checkpoints, the trainer of a run folder, and the steps after training."""
