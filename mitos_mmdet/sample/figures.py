"""Mitotic figures in their four phases, and what is mistaken for them. Sizes are um; all values are ours, after real frames.

A figure is painted as its cell body first, then its chromatin: a union of discs with a ragged edge for mitoses, with a smooth
one for dying cells. ``u`` runs along the metaphase plate, ``v`` from pole to pole.
"""

import numpy as np

from mitos_mmdet.sample.canvas import Canvas
from mitos_mmdet.sample.plan import Figure

from .noise import soft_step


def paint_figure(canvas: Canvas, figure: Figure) -> None:
    """Paints one :class:`Figure`, chromatin centred on its point."""
    _PAINTERS[figure.kind](canvas, figure)


def _prophase(canvas, figure):
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 12, figure.angle), canvas.rng
    _cell_body(patch, rng.uniform(7, 9), rng.uniform(6.5, 8))
    radius = rng.uniform(3.2, 4.6)
    threads = []
    for _ in range(rng.integers(14, 24)):
        place, heading = rng.normal(0, 0.5, 2) * radius, rng.uniform(0, 2 * np.pi)
        for _ in range(rng.integers(3, 7)):
            heading += rng.normal(0, 0.7)
            place = place + 0.55 * np.array([np.cos(heading), np.sin(heading)])
            if np.hypot(*place) > radius:
                place = place * radius / np.hypot(*place)
            threads.append((*place, rng.uniform(0.32, 0.6)))
    if rng.random() < 0.3:  # a ring: the spindle seen end on
        around = rng.uniform(0, 2 * np.pi, 26)
        distance = radius * 0.68 + rng.normal(0, 0.35, 26)
        threads = np.stack([distance * np.cos(around), distance * np.sin(around), rng.uniform(0.5, 1.05, 26)], axis=1)
    threads = _centred(threads)
    strength = _strength(rng) * 0.92
    ground = rng.uniform(0.3, 0.65) * strength * (1 + 0.2 * patch.texture(0.5))
    patch.cover(patch.oval(radius * 0.92, radius * 0.85, 0.08) + 0.3 * patch.texture(0.9), ground, None, softness_um=0.3)
    _chromatin(patch, threads, strength, ragged_um=0.25)


def _metaphase(canvas, figure):
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 12, figure.angle), canvas.rng
    _cell_body(patch, rng.uniform(6.5, 8.5), rng.uniform(7, 9))
    plate = _plate(rng, rng.uniform(6.5, 10.5), rng.uniform(1.8, 3.2), rng.normal(0, 0.5))
    _chromatin(patch, _centred(plate + _arms(rng, plate, rng.integers(0, 5))), _strength(rng), ragged_um=0.25)


def _anaphase(canvas, figure):
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 13, figure.angle), canvas.rng
    _cell_body(patch, rng.uniform(6.5, 8), rng.uniform(8, 10))
    apart, length, thickness = rng.uniform(3.6, 6.0), rng.uniform(5.5, 8.5), rng.uniform(1.7, 2.4)
    _two_parts(patch, apart, length, thickness, bend=rng.uniform(0.2, 1.1), arms=rng.integers(2, 7))


def _telophase(canvas, figure):
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 15, figure.angle), canvas.rng
    apart = rng.uniform(7.5, 11.0)
    _daughter_cells(patch, apart, rng.uniform(5.5, 7))
    _two_parts(patch, apart, rng.uniform(4.2, 6.5), rng.uniform(1.6, 2.5), rng.uniform(-0.3, 0.6), 0)


def _two_parts(patch, apart, length, thickness, bend, arms):
    rng, sides, strength = patch.canvas.rng, [], _strength(patch.canvas.rng)
    for side in (-1, 1):
        plate = _plate(rng, length * rng.uniform(0.9, 1.1), thickness, bend)
        plate = plate + [(u, -abs(v), r) for u, v, r in _arms(rng, plate, arms)]  # chromosome arms trail towards the middle
        tilt = rng.normal(0, 0.1)
        # Each part on its own centre: the label is midway between the two, whichever is the larger.
        sides += [(u * np.cos(tilt), side * (v + apart / 2 + u * np.sin(tilt)), r) for u, v, r in _centred(plate)]
    _chromatin(patch, sides, strength, ragged_um=0.2)


def _plate(rng, length, thickness, bend):
    count, half = 16, thickness / 2
    along = np.linspace(-1, 1, count) * (length / 2 - half)
    across = bend * (along / (length / 2)) ** 2 * 2 + rng.normal(0, 0.16, count)
    return list(zip(along, across, half * rng.uniform(0.72, 1.15, count), strict=True))


def _arms(rng, plate, count):
    arms = []
    for _ in range(count):
        u, v, radius = plate[rng.integers(len(plate))]
        heading = rng.choice([-1, 1]) * np.pi / 2 + rng.normal(0, 0.5)
        for step in range(1, rng.integers(3, 6)):
            reach = radius * 0.7 + 0.3 * step
            arms.append((u + reach * np.cos(heading), v + reach * np.sin(heading), rng.uniform(0.25, 0.42)))
    return arms


def _centred(points):
    # The label is the chromatin's centre of mass, so the discs are shifted onto it, by area.
    points = np.array(points, float)
    points[:, :2] -= np.average(points[:, :2], axis=0, weights=points[:, 2] ** 2)
    return points


def _strength(rng):
    # Most figures are black-blue; a few are pale, as real ones are in thin sections.
    return rng.uniform(3.0, 4.2) if rng.random() < 0.85 else rng.uniform(1.9, 3.0)


def _chromatin(patch, points, strength, ragged_um):
    rng = patch.canvas.rng
    depth = patch.blobs(points, merge_um=0.15) + ragged_um * (0.7 * patch.texture(0.5) + 0.6 * patch.texture(0.28))
    stain = strength * (1 + 0.12 * patch.texture(0.5) + 0.1 * patch.texture(0.9)) * (0.72 + 0.28 * soft_step(depth - 0.5, 0.3))
    patch.cover(depth, stain, 0.3, softness_um=rng.choice([0.13, 0.2, 0.35], p=[0.5, 0.35, 0.15]))


def _cell_body(patch, semi_u, semi_v):
    """A rounded-up cell: clearer than its neighbours, often set off by a thin gap."""
    rng = patch.canvas.rng
    # The figure need not be in the middle of its cell.
    patch = patch.moved(*rng.normal(0, 0.7, 2))
    depth = patch.oval(semi_u, semi_v, 0.06) + 0.3 * patch.texture(2.0) + 0.15 * patch.texture(0.9)
    # No cell body on glass, where a figure stands at the tissue's edge.
    inside = soft_step(depth, 0.4) * np.clip(4 * patch.canvas.eosin[patch.window], 0, 1)
    clearing = rng.choice([0.2, 0.5, 0.8, 1.0], p=[0.3, 0.25, 0.25, 0.2])
    walls = np.exp(-(patch.texture(0.5) / 0.5) ** 2) * np.clip(0.9 + 0.5 * patch.texture(0.9), 0, 2)
    patch.scale(inside, clearing, 0.3 + 0.7 * clearing)
    patch.add(0.08 * inside * walls, (0.12 + 0.25 * (1 - clearing)) * inside * walls)
    patch.add(0, 0.22 * rng.random() * inside * np.exp(-(depth / 0.5) ** 2))
    if rng.random() < 0.4:
        gap = np.exp(-((depth + 0.8) / rng.uniform(0.4, 0.9)) ** 2) * soft_step(patch.texture(2.0) + rng.normal(-0.4, 0.7), 0.3)
        patch.scale(gap * _webs(patch), 0.25, 0.25)


def _daughter_cells(patch, apart, radius):
    """Two cells parting: a furrow between them."""
    rng = patch.canvas.rng
    both = np.maximum(*(radius - np.hypot(patch.u, patch.v - side * (apart / 2 + 0.3)) for side in (-1, 1)))
    both = both + 0.5 * patch.texture(2.0) + 0.2 * patch.texture(0.9)
    inside, clearing = soft_step(both, 0.4), rng.choice([0.4, 0.7, 1.0])
    patch.scale(inside, clearing, 0.6 + 0.4 * clearing)
    patch.add(0, 0.3 * inside * np.exp(-(patch.v / 0.5) ** 2))
    gap = np.exp(-((both + 0.7) / 0.6) ** 2) * soft_step(patch.texture(2.0) + rng.normal(-0.4, 0.7), 0.3)
    patch.scale(gap * _webs(patch), 0.25, 0.25)


def _apoptotic(canvas, figure):
    """A shrunken, very pink cell in a clear halo, its nucleus broken into smooth round balls."""
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 11, figure.angle), canvas.rng
    radius = rng.uniform(3.0, 4.6)
    _halo(patch, radius + rng.uniform(0.9, 2.4), rng.uniform(0.5, 1))
    body = patch.oval(radius * rng.uniform(1, 1.25), radius, 0.08) + 0.15 * patch.texture(0.9)
    patch.cover(body, rng.uniform(0.15, 0.6), rng.uniform(0.8, 1.6) * (1 + 0.1 * patch.texture(0.5)), softness_um=0.25)
    balls = [(*rng.normal(0, 0.25, 2), rng.uniform(1.1, 2.2))]
    for _ in range(rng.integers(0, 5)):
        angle, distance = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.45, 0.8)
        balls.append((distance * np.cos(angle), distance * np.sin(angle), rng.uniform(0.5, 1.3)))
    _smooth_mass(patch, _centred(balls), 0.12)


def _pyknotic(canvas, figure):
    """A small, round, evenly dark nucleus."""
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 11, figure.angle), canvas.rng
    radius = rng.uniform(1.9, 3.1)
    if rng.random() < 0.4:  # in cytoplasm as clear as a mitosis's
        _cell_body(patch, rng.uniform(6, 8), rng.uniform(6, 8))
    elif rng.random() < 0.75:
        _halo(patch, radius + rng.uniform(1.0, 3.0), rng.uniform(0.3, 1), off_um=0.8)
    if rng.random() < 0.6:
        body = patch.oval(radius + rng.uniform(0.6, 2), radius + 0.7, 0.1) + 0.2 * patch.texture(0.9)
        patch.cover(body, 0.25, rng.uniform(0.6, 1.2), softness_um=0.3)
    balls = [(0, 0, radius)]
    if rng.random() < 0.5:
        balls.append((radius * rng.uniform(0.5, 0.9), rng.normal(0, 0.4), radius * rng.uniform(0.6, 0.95)))
    _smooth_mass(patch, _centred(balls), 0.35)


def _smudged(canvas, figure):
    """A dark, angular, structureless nucleus, as crushing and bad fixation leave behind."""
    patch, rng = canvas.patch(figure.x_um, figure.y_um, 12, figure.angle), canvas.rng
    long, short = rng.uniform(3.6, 5.2), rng.uniform(1.7, 2.8)
    depth = patch.oval(long, short, 0.13) + 0.12 * patch.texture(0.9)
    patch.cover(patch.oval(long + 1.6, short + 1.3, 0.1), 0.3, rng.uniform(0.6, 1.1), softness_um=0.5)
    patch.cover(depth, rng.uniform(1.9, 3.3) * (1 + 0.05 * patch.texture(0.9)), 0.6, softness_um=rng.uniform(0.2, 0.4))


def _halo(patch, radius, clearness, off_um=0.4):
    rng = patch.canvas.rng
    off = rng.normal(0, off_um, 2)
    patch = patch.moved(*off)
    depth = patch.oval(radius, radius * rng.uniform(0.75, 1), 0.1) + 0.45 * patch.texture(2.0) + 0.25 * patch.texture(0.9)
    patch.scale(clearness * soft_step(depth, 0.25) * _webs(patch), 0.15, 0.12)


def _webs(patch):
    """Strands of cytoplasm that cross a clearing: 1 where it is clear, less on a strand."""
    return 1 - patch.canvas.rng.uniform(0, 0.8) * np.exp(-(patch.texture(0.9) / 0.3) ** 2)


def _smooth_mass(patch, balls, merge_um):
    rng = patch.canvas.rng
    strength = rng.uniform(2.2, 4.0)
    depth = patch.blobs(balls, merge_um) + rng.uniform(0.05, 0.25) * patch.texture(2.0) + 0.05 * patch.texture(0.5)
    stain = strength * (0.85 + 0.15 * soft_step(depth - 0.8, 0.4)) * (1 + 0.06 * patch.texture(0.9))
    patch.cover(depth, stain, rng.uniform(0.3, 0.8), softness_um=rng.choice([0.15, 0.22, 0.35], p=[0.5, 0.35, 0.15]))


_PAINTERS = dict(prophase=_prophase, metaphase=_metaphase, anaphase=_anaphase, telophase=_telophase, apoptotic=_apoptotic,
                 pyknotic=_pyknotic, smudged=_smudged)
