"""A frame's plan turned into pixels."""

import numpy as np

from mitos_mmdet.sample.plan import FramePlan

from .canvas import Canvas
from .cells import draw_tumour, paint_cells, place_cells
from .figures import paint_figure
from .plan import frame_rng
from .scanners import expose
from .tissue import paint_tissue


def render_frame(plan: FramePlan, seed: int) -> np.ndarray:
    """Draws a frame.

    Args:
        plan: From ``plan_frame``, of the same seed.
        seed: The sample's.

    Returns:
        np.ndarray: uint8 ``(H, W, 3)`` RGB.
    """
    rng = frame_rng(seed, plan.number - 1, 1)
    tumour = draw_tumour(rng)
    placed = place_cells(plan, tumour, rng)
    haematoxylin, eosin, defocus = paint_tissue(plan, placed['epithelial'], rng)
    canvas = Canvas(haematoxylin, eosin, plan.scanner.um_per_px, rng)
    paint_cells(canvas, plan, placed, tumour)
    for figure in plan.figures:
        paint_figure(canvas, figure)
    return expose(haematoxylin, eosin, defocus, plan.scanner, rng)
