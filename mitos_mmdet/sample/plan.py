"""What stands where in a frame: tissue regions and figures, in um, before a single pixel is drawn.

Planning is cheap (a 1 um grid), so labels never have to wait for, or be stored beside, the pictures.
Points are ``(x, y)`` um from the frame's top left corner.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .noise import smooth_noise
from .scanners import SCANNERS, Scanner

MITOSES = ('prophase', 'metaphase', 'anaphase', 'telophase')
LOOK_ALIKES = ('apoptotic', 'pyknotic', 'smudged')
# All of these are ours. How often each kind is drawn:
_MITOSIS_SHARES = (0.28, 0.40, 0.16, 0.16)
_LOOK_ALIKE_SHARES = (0.45, 0.35, 0.20)
# Mitoses and hard negatives in 1 mm2 of frame: 10 and 8 in a frame of 1024 x 768 px at 0.24 um/px, dozens of times the real density.
_MITOSES_PER_MM2, _LOOK_ALIKES_PER_MM2 = 230, 185
# Far enough for no two 27 px neighbours (MIDOG++'s least distance) and for every figure to keep its own cell.
_FIGURE_SPACING_UM = 17.0
_EMPTY_EVERY, _EMPTY_FIRST = 9, 2  # one frame in nine, the third first, has no mitosis


@dataclass(frozen=True)
class Figure:
    """A labelled figure: its kind, its centre ``(x, y)`` um, and the direction of its long axis in radians."""

    kind: str
    x_um: float
    y_um: float
    angle: float

    @property
    def is_mitosis(self) -> bool:
        return self.kind in MITOSES


@dataclass(frozen=True)
class Layout:
    """Tissue regions on a 1 um grid, float32 ``(H_um, W_um)``; distances are rough, in um.

    ``nest``: into (+) or out of (-) an epithelial nest. ``gap``: into (+) or out of (-) a white region, be it glass, lumen or
    tear. ``across`` and ``along``: position across and along the collagen fibres. ``inflamed``: lymphocytes where positive.
    ``defocus``: 0 sharp to 1.
    """

    nest: np.ndarray
    gap: np.ndarray
    across: np.ndarray
    along: np.ndarray
    inflamed: np.ndarray
    defocus: np.ndarray


@dataclass(frozen=True)
class FramePlan:
    """A frame to draw: number from 1, size in px, scanner, split, regions and figures."""

    number: int
    width: int
    height: int
    scanner: Scanner
    split: str
    layout: Layout
    figures: tuple


def plan_frame(index: int, frames: int, width: int, height: int, seed: int) -> 'FramePlan':
    """Plans frame ``index`` (from 0) of ``frames``; the same arguments give the same plan.

    Scanners come in blocks, as in MIDOG; the last third of each block (at least one frame) is test.
    """
    rng = frame_rng(seed, index, 0)
    scanner, split = _scanner_and_split(index, frames)
    width_um, height_um = width * scanner.um_per_px, height * scanner.um_per_px
    layout = _layout(rng, int(np.ceil(width_um)) + 2, int(np.ceil(height_um)) + 2)
    empty = index % _EMPTY_EVERY == _EMPTY_FIRST
    figures = _place_figures(rng, layout, width_um, height_um, empty)
    return FramePlan(index + 1, width, height, scanner, split, layout, figures)


def frame_rng(seed: int, index: int, stage: int) -> np.random.Generator:
    """A generator of its own for each frame and stage, so that frames may be drawn in any order, by any process."""
    return np.random.default_rng([seed, index, stage])


def value_at(field: np.ndarray, x_um: ArrayLike, y_um: ArrayLike) -> np.ndarray | np.floating:
    """The field's value at points in um; points outside take the border's."""
    rows = np.clip(np.asarray(y_um).astype(int), 0, field.shape[0] - 1)
    columns = np.clip(np.asarray(x_um).astype(int), 0, field.shape[1] - 1)
    return field[rows, columns]


def _scanner_and_split(index, frames):
    # Fewer scanners in a very small sample: each one needs a frame in train and one in test.
    used = max(1, min(len(SCANNERS), frames // 2))
    block = index * used // frames
    first, end = -(-block * frames // used), -(-(block + 1) * frames // used)
    test = max(1, round((end - first) / 3))
    return SCANNERS[block], 'test' if index >= end - test else 'train'


def _layout(rng, width, height):
    shape = (height, width)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    scale = rng.uniform(22, 45)
    field = smooth_noise(rng, shape, scale) + 0.35 * smooth_noise(rng, shape, scale / 3.5)
    share = rng.choice([rng.uniform(0.35, 0.6), rng.uniform(0.6, 0.95)])
    nest = (field - np.quantile(field, 1 - share)) * scale * 0.8

    gap = np.full(shape, -30, np.float32)
    if rng.random() < 0.4:  # tubules: a lumen in the depth of the nests
        gap = np.maximum(gap, nest - rng.uniform(22, 34) + 5 * smooth_noise(rng, shape, 9))
    tears = smooth_noise(rng, shape, 11) - rng.uniform(2.1, 2.9)
    gap = np.maximum(gap, np.where(nest < 0, tears, tears - 0.7) * 8)
    if rng.random() < 0.3:  # the section's edge, glass beyond it
        angle = rng.uniform(0, 2 * np.pi)
        distance = (xs - width / 2) * np.cos(angle) + (ys - height / 2) * np.sin(angle)
        distance = distance - np.quantile(distance, rng.uniform(0.7, 0.88))
        gap = np.maximum(gap, distance + 7 * smooth_noise(rng, shape, 20) + 2 * smooth_noise(rng, shape, 5))

    # Some glass is welcome, but most of a frame is tissue.
    gap = gap - max(0.0, np.quantile(gap, 1 - rng.uniform(0.05, 0.3)))

    angle = rng.uniform(0, np.pi)
    swirl = rng.uniform(6, 16) * smooth_noise(rng, shape, 35) + 2 * smooth_noise(rng, shape, 12)
    # Collagen runs around the nests, not into them.
    across = xs * np.cos(angle) + ys * np.sin(angle) + swirl + 0.8 * nest
    along = -xs * np.sin(angle) + ys * np.cos(angle)
    inflamed = smooth_noise(rng, shape, 20) - rng.uniform(0.9, 2.2)
    defocus = np.zeros(shape, np.float32)
    if rng.random() < 0.4:
        hazy = smooth_noise(rng, shape, 40)
        defocus = np.clip((hazy - np.quantile(hazy, 0.75)) * 1.2, 0, 1)
    return Layout(*(field.astype(np.float32) for field in (nest, gap, across, along, inflamed, defocus)))


def _place_figures(rng, layout, width_um, height_um, empty):
    area_mm2 = width_um * height_um / 1e6
    mitoses = 0 if empty else _count(rng, _MITOSES_PER_MM2 * area_mm2)
    kinds = list(rng.choice(MITOSES, mitoses, p=_MITOSIS_SHARES))
    kinds += list(rng.choice(LOOK_ALIKES, _count(rng, _LOOK_ALIKES_PER_MM2 * area_mm2), p=_LOOK_ALIKE_SHARES))
    figures = []
    for kind in kinds:
        for _ in range(60):
            x, y = rng.uniform(1, width_um - 1), rng.uniform(1, height_um - 1)
            # No label on glass, nor where nobody could name the figure for lack of focus.
            if value_at(layout.gap, x, y) > -6 or value_at(layout.defocus, x, y) > 0.6:
                continue
            # Both classes keep mostly to the nests: the surroundings must not give the answer away.
            if value_at(layout.nest, x, y) < 4 and rng.random() < 0.8:
                continue
            if all((x - other.x_um) ** 2 + (y - other.y_um) ** 2 > _FIGURE_SPACING_UM ** 2 for other in figures):
                figures.append(Figure(str(kind), x, y, rng.uniform(0, np.pi)))
                break
    return tuple(figures)


def _count(rng, mean):
    return max(1, round(mean * rng.uniform(0.5, 1.5)))
