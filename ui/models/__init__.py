"""Models: measuring, evaluating and managing a run."""
