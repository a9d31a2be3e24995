"""Ordinary cells: where they stand and how they are painted. All sizes are um, ours, within what textbooks give."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.sample.canvas import Canvas
from mitos_mmdet.sample.plan import FramePlan

from .noise import soft_step
from .plan import value_at


@dataclass(frozen=True)
class Tumour:
    """How the epithelial cells of a frame look: mean nuclear radius um, spacing um, and two traits from 0 to 1."""

    radius_um: float
    spacing_um: float
    vesicular: float
    pleomorphic: float


def draw_tumour(rng: np.random.Generator) -> 'Tumour':
    """A tumour for a frame."""
    radius = rng.uniform(3.5, 5.4)
    return Tumour(radius, radius * rng.uniform(2.1, 2.7), rng.random(), rng.uniform(0.1, 1))


def place_cells(plan: FramePlan, tumour: Tumour, rng: np.random.Generator) -> dict:
    """Centres of the ordinary cells of a frame, clear of its figures and of each other.

    Returns:
        dict: kind to ``(N, 2)`` xy um; ``epithelial`` has at least two (the tissue needs them for cell borders).
    """
    width_um, height_um = plan.width * plan.scanner.um_per_px, plan.height * plan.scanner.um_per_px
    layout = plan.layout
    taken = _Taken()
    for figure in plan.figures:
        taken.add(figure.x_um, figure.y_um, 8.5)
    placed: dict[str, list] = dict(epithelial=[], lymphocyte=[], fibroblast=[], erythrocyte=[])
    wanted = (('lymphocyte', 2.6, 260), ('epithelial', tumour.spacing_um / 2, 260), ('fibroblast', 4.2, 60),
              ('erythrocyte', 3.3, 40))
    for kind, radius, tries_per_1000_um2 in wanted:
        tries = int(tries_per_1000_um2 * width_um * height_um / 1000)
        points = rng.uniform((-6, -6), (width_um + 6, height_um + 6), (tries, 2))
        for (x, y), chance in zip(points.tolist(), _chances(kind, layout, *points.T), strict=True):
            if chance and (chance == 1 or rng.random() < chance) and taken.free(x, y, radius):
                taken.add(x, y, radius * rng.uniform(0.85, 1.15))
                placed[kind].append((x, y))
    # Figures are cells too, and have borders.
    placed['epithelial'] += [(figure.x_um, figure.y_um) for figure in plan.figures]
    while len(placed['epithelial']) < 2:
        placed['epithelial'].append((-50.0, -50.0 - len(placed['epithelial'])))
    return {kind: np.array(points, np.float64).reshape(-1, 2) for kind, points in placed.items()}


class _Taken:
    """Discs already placed, kept in cells of a grid so that asking for room looks at neighbours only."""

    _SIDE_UM = 10.0

    def __init__(self):
        self.grid = {}

    def add(self, x, y, radius) -> None:
        self.grid.setdefault((int(x // self._SIDE_UM), int(y // self._SIDE_UM)), []).append((x, y, radius))

    def free(self, x, y, radius) -> bool:
        column, row = int(x // self._SIDE_UM), int(y // self._SIDE_UM)
        near = (disc for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) for disc in self.grid.get((column + i, row + j), ()))
        return all((x - a) ** 2 + (y - b) ** 2 > (radius + r) ** 2 for a, b, r in near)


def _chances(kind, layout, x, y):
    """How likely a cell of that kind may stand at each of the points: list of N, 0 to 1."""
    nest, gap, inflamed = (value_at(field, x, y) for field in (layout.nest, layout.gap, layout.inflamed))
    tissue = gap <= -3.5
    chances = dict(
        erythrocyte=(nest < -4) & (gap > -3) & (gap < 3) & (inflamed < 0),
        epithelial=tissue & (nest > 3.0),
        lymphocyte=(tissue & (nest < -2)) * np.where(inflamed > 0, 0.5, 0.004),
        fibroblast=tissue & (nest < -2))
    return chances[kind].tolist()


def paint_cells(canvas: Canvas, plan: FramePlan, placed: dict, tumour: Tumour) -> None:
    """Paints the ordinary cells; the last points of ``epithelial``, the figures' own, are left to others."""
    rng = canvas.rng
    for x, y in placed['erythrocyte']:
        erythrocyte(canvas, x, y)
    layout = plan.layout
    for x, y in placed['fibroblast']:
        dx = value_at(layout.across, x + 2, y) - value_at(layout.across, x - 2, y)
        dy = value_at(layout.across, x, y + 2) - value_at(layout.across, x, y - 2)
        angle = np.arctan2(dy, dx) + np.pi / 2 + rng.normal(0, 0.15)
        length = rng.uniform(3.5, 7.5)
        nucleus(canvas, x, y, length, rng.uniform(0.9, 1.9), angle, darkness=rng.uniform(0.9, 2.0), vesicular=0.15)
    for x, y in placed['lymphocyte']:
        radius = rng.uniform(2.1, 3.2)
        nucleus(canvas, x, y, radius * rng.uniform(1, 1.35), radius, rng.uniform(0, 3.2), darkness=rng.uniform(1.3, 2.5),
                vesicular=0.1, wobble=0.07)
    own = len(placed['epithelial']) - len(plan.figures)
    for x, y in placed['epithelial'][:own]:
        radius = tumour.radius_um * np.exp(rng.normal(0, 0.06 + 0.12 * tumour.pleomorphic))
        stretch = rng.uniform(1.0, 1.55) ** 0.5
        darkness = np.exp(rng.normal(0.15, 0.15 + 0.2 * tumour.pleomorphic))
        nucleus(canvas, x, y, radius * stretch, radius / stretch, rng.uniform(0, 3.2), darkness=darkness,
                vesicular=np.clip(tumour.vesicular + rng.normal(0, 0.25), 0, 1))


def nucleus(canvas: Canvas, x: float, y: float, semi_u: float, semi_v: float, angle: float, darkness: float, vesicular: float,
            wobble: float = 0.07) -> None:
    """A nucleus at rest.

    Args:
        canvas: Where.
        x, y: Centre um.
        semi_u, semi_v: Semi-axes um.
        angle: Of the first axis, radians.
        darkness: Mean haematoxylin concentration.
        vesicular: 0 for even chromatin, 1 for a pale inside with a dark rim and nucleoli.
        wobble: Unevenness of the outline.
    """
    patch = canvas.patch(x, y, max(semi_u, semi_v) * 1.35 + 1, angle)
    if patch is None:
        return
    rng = canvas.rng
    depth = patch.oval(semi_u, semi_v, wobble)
    # tanh: chromatin comes in clumps and gaps, less in shades between.
    clumps = np.tanh(1.4 * (0.7 * patch.texture(0.5) + 0.6 * patch.texture(0.9))) + 0.3 * patch.texture(0.28)
    inside = darkness * (1 - 0.65 * vesicular) * (1 + rng.uniform(0.25, 0.5) * clumps + 0.4 * vesicular * clumps)
    uneven = np.clip(0.75 + 0.4 * patch.texture(0.9) + 0.35 * patch.texture(2.0), 0, 1.6)
    rim = darkness * (0.25 + 0.8 * vesicular) * np.exp(-((depth - 0.35) / rng.uniform(0.3, 0.5)) ** 2) * uneven
    inside = inside + rim
    for _ in range(rng.poisson(0.6 + 1.2 * vesicular)):
        size = rng.uniform(0.5, 0.8) + 0.5 * vesicular * rng.random()
        place = rng.normal(0, 0.33, 2) * (semi_u, semi_v)
        spot = soft_step(size - np.hypot(patch.u - place[0], patch.v - place[1]) + 0.2 * patch.texture(0.5), 0.15)
        inside = inside + darkness * rng.uniform(0.5, 1.1) * spot
    eosin = rng.uniform(0.4, 0.7) * (1 - 0.45 * vesicular) * (1 + 0.2 * clumps)
    # Some nuclei lie above or below the plane of focus.
    patch.cover(depth, np.clip(inside, 0.08, None), np.clip(eosin, 0.05, None), softness_um=rng.choice([0.13, 0.2, 0.4]))


def erythrocyte(canvas: Canvas, x: float, y: float) -> None:
    """A red blood cell: a disc without nucleus."""
    patch = canvas.patch(x, y, 4.5, canvas.rng.uniform(0, 3.2))
    if patch is None:
        return
    depth = patch.oval(canvas.rng.uniform(2.6, 3.4), canvas.rng.uniform(2.1, 3.0), 0.05)
    patch.cover(depth, 0.02, 1.05 - 0.12 * np.clip(depth, 0, 2) + 0.03 * patch.texture(0.9))
