"""Train: the form, the run that is watched, and its film."""
