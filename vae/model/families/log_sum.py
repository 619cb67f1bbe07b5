"""log sum exp of many log densities, most of which are far below the largest."""

from torch import Tensor


def log_sum_exp(values: Tensor, dim: int = -1) -> Tensor:
    """Return log sum exp(values) along a dimension, of which at least one value is finite: as torch.logsumexp does.

    There, and in its gradient, an exp that underflows takes ten times as long as any other, and far from most Normals
    of an aggregate posterior nearly all do; a softmax does not mind. max - log softmax at the maximum is the same sum.
    """
    top, where = values.max(dim, keepdim=True)
    return (top - values.log_softmax(dim).gather(dim, where)).squeeze(dim)
