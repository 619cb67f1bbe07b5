"""The map in a notebook, with live decoding; what is picked on it comes back as numpy arrays. Needs anywidget."""

import anywidget
import numpy as np
import traitlets

from vae.page import scripts


class LatentMap(anywidget.AnyWidget):
    """A model's map: `z` is the pinned point, `selection` the numbers of the codes in the last lasso or box.

    Both can be read, set, and observed: `view.observe(handler, "z")`.
    """

    _esm = scripts.source("page/widget.js")
    _css = scripts.text("page/widget.css")

    content = traitlets.Bytes().tag(sync=True)
    z = traitlets.List(traitlets.Float(), default_value=None, allow_none=True).tag(sync=True)
    # of the codes on the map, uint32; what the browser sends is a view of memory, which is no bytes to traitlets
    chosen = traitlets.Bytes(default_value=None, allow_none=True).tag(
        sync=True, from_json=lambda sent, widget: None if sent is None else bytes(sent)
    )

    def __init__(self, content: bytes, codes: np.ndarray, every: int = 1) -> None:
        """Show `content` (see `page.content`), whose codes are one of `every` of `codes` [N, d]."""
        super().__init__(content=content)
        self._codes, self._every = codes, every

    @property
    def selection(self) -> np.ndarray:
        """The numbers [M] of the selected codes, ascending; empty without a selection."""
        return np.frombuffer(self.chosen or b"", "<u4").astype(np.int64) * self._every

    @selection.setter
    def selection(self, numbers: np.ndarray | None) -> None:
        shown = np.unique(np.asarray([] if numbers is None else numbers, np.int64) // self._every)
        if len(shown) and not 0 <= shown[0] <= shown[-1] < -(-len(self._codes) // self._every):
            raise ValueError(f"there are the codes 0 to {len(self._codes) - 1}")
        self.set_trait("chosen", shown.astype("<u4").tobytes() or None)

    @property
    def codes(self) -> np.ndarray:
        """The codes [N, d] of the map."""
        return self._codes

    @traitlets.validate("z")
    def _valid(self, proposal: traitlets.Bunch) -> list[float] | None:
        z = proposal["value"]
        if z is not None and (len(z) != self._codes.shape[1] or not np.isfinite(z).all()):
            raise traitlets.TraitError(f"z has {self._codes.shape[1]} finite numbers, or is None")
        return z
