"""One stain estimate for a whole slide."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

_WHOLE_PX = 16_000_000  # Ours: a frame up to 4000 x 4000 px is measured whole, as it was scanned, like those of training.
_PATCHES, _PATCH_PX = 64, 128  # Ours: a million px from all over the tissue; of four times as many the stain is nearly the same.


def slide_stain(slide: 'Slide', model: 'LoadedModel', tissue: 'TissueMask | None' = None) -> tuple:
    """The stain of a slide, for ``model.predict`` and ``detect``. It is determined by slide, model and tissue mask alone.

    Args:
        slide: ``Slide`` with um/px.
        model: ``LoadedModel``.
        tissue: ``TissueMask``: patches are taken from it; None: from all over the slide.

    Returns:
        tuple: ``(StainEstimate or None, reason or None)``: None where the model needs none, or there is none to measure.
    """
    if model.normalizer is None:
        return None, None
    if slide.size[0] * slide.size[1] <= _WHOLE_PX:
        return model.estimate_stain(slide.read(0, 0, *slide.size))
    centres = _centres(slide, tissue)
    if not len(centres):
        return None, 'no tissue'
    sides = [_PATCH_PX * model.um_per_px / own for own in slide.um_per_px]
    patches = [slide.read(x - sides[0] / 2, y - sides[1] / 2, *sides, um_per_px=model.um_per_px) for x, y in centres]
    return model.estimate_stain(np.concatenate(patches))


def _centres(slide, tissue):
    """``(n, 2)`` level-0 px, spread evenly over the tissue in reading order."""
    if tissue is None:
        rows = round(_PATCHES**0.5)
        places = (np.arange(rows) + 0.5) / rows
        return np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2) * slide.size
    rows, columns = np.nonzero(tissue.mask)
    chosen = np.unique(((np.arange(_PATCHES) + 0.5) * len(rows) / _PATCHES).astype(int)) if len(rows) else []
    scale = np.array(slide.size) / tissue.mask.shape[::-1]
    return (np.stack([columns, rows], axis=1)[chosen] + 0.5) * scale
