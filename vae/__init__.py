"""Autoencoders and variational autoencoders with bounds that are proven: models, objectives, training and runs.

Importing this package, `vae.runs`, `vae.spec`, `vae.spec.layers` or `vae.data` loads no torch; what computes does.
All quantities are in nats per example; the sample axis comes first, `[K, B]`.
"""
