"""The training loop, its checkpoints, the trainer of a run folder, and what a finished run still needs."""
