"""The ground the cells lie on: glass, collagen, and epithelium with its cell borders. All values are ours, set by eye."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from mitos_mmdet.sample.plan import FramePlan

from .noise import enlarge, smooth_noise, soft_step


def paint_tissue(plan: FramePlan, cells_um: np.ndarray, rng: np.random.Generator) -> tuple:
    """Stains a frame without its nuclei.

    Args:
        plan: The :class:`FramePlan`.
        cells_um: Centres ``(N, 2)`` of the epithelial cells, xy in um; their borders run half-way between.
        rng: The frame's generator.

    Returns:
        tuple: haematoxylin, eosin, defocus; each float32 ``(H, W)``.
    """
    shape, um = (plan.height, plan.width), plan.scanner.um_per_px
    nest, gap, across, along, defocus = (enlarge(getattr(plan.layout, name), shape, um)
                                         for name in ('nest', 'gap', 'across', 'along', 'defocus'))
    fine = 0.8 * smooth_noise(rng, shape, 0.24 / um) + 0.6 * smooth_noise(rng, shape, 0.5 / um)
    rough = smooth_noise(rng, shape, 1.4 / um)
    stroma = _stroma(across, along, fine, rough, rng)
    epithelium = _epithelium(cells_um, shape, um, fine, rough, rng)
    inside = soft_step(nest + 0.7 * rough + 0.3 * fine, 0.35)
    haematoxylin, eosin = (inside * e + (1 - inside) * s for e, s in zip(epithelium, stroma, strict=True))

    # Nests shrink away from the stroma in places: a white cleft along their border.
    cleft = 1.6 - np.abs(nest + 1.2 + 1.1 * rough) + 2.2 * (smooth_noise(rng, shape, 9 / um) - rng.uniform(0.6, 2.0))
    white = np.maximum(gap + 0.8 * rough, cleft)
    # Tissue is a little denser where it ends, as it curls up.
    rim = np.exp(-((white + 1.0) / 0.9) ** 2)
    keep = soft_step(-white - 0.25 * fine, 0.22)
    strands = np.exp(-(smooth_noise(rng, shape, 2.6 / um) / 0.12) ** 2) * soft_step(smooth_noise(rng, shape, 12 / um) - 0.3, 0.3)
    haematoxylin = keep * (haematoxylin + 0.06 * rim) + 0.008
    eosin = keep * (eosin + 0.22 * rim) + (1 - keep) * 0.25 * strands * soft_step(5 - white, 1.5) + 0.02
    return haematoxylin.astype(np.float32), eosin.astype(np.float32), defocus


def _stroma(across, along, fine, rough, rng):
    def fibres(width_um, length_um):
        tile = ndimage.gaussian_filter(rng.standard_normal((512, 512), dtype=np.float32), 1.5, mode='wrap')
        places = [across * (1.5 / width_um), along * (1.5 / length_um)]
        return ndimage.map_coordinates(tile / tile.std(), places, order=1, mode='grid-wrap')

    bundles, threads, hairs = fibres(5.0, 45), fibres(1.3, 14), fibres(0.5, 6)
    density, wiry = rng.uniform(0.5, 0.95), rng.uniform(0.2, 0.6)
    lines = np.exp(-(threads / 0.35) ** 2) + 0.7 * np.exp(-(hairs / 0.4) ** 2)
    eosin = density * (1 + 0.28 * bundles + 0.16 * threads + 0.12 * hairs + 0.14 * fine + 0.12 * rough + wiry * (lines - 0.6))
    # Loose stroma: slits between the bundles let the light through.
    slits = soft_step(-(bundles + 0.7 * threads + 0.5 * hairs + 0.3 * rough) - rng.uniform(0.7, 2.0), 0.15)
    eosin *= 1 - rng.uniform(0.5, 0.9) * slits
    haematoxylin = (0.10 + 0.04 * bundles + 0.03 * rough) * (1 - 0.8 * slits)
    return np.clip(haematoxylin, 0.01, None), np.clip(eosin, 0.03, None)


def _epithelium(cells_um, shape, um, fine, rough, rng):
    # Every cell has its own depth of colour, and a border to the next; both come from the two nearest cell centres.
    half = tuple(-(-size // 2) for size in shape)
    ys, xs = np.mgrid[:half[0], :half[1]].reshape(2, -1)
    warp = [enlarge(smooth_noise(rng, half, 2.5 / um), half, 1) * 0.8 for _ in range(2)]
    places = np.stack([(2 * xs + 1) * um + warp[0].ravel(), (2 * ys + 1) * um + warp[1].ravel()], axis=1)
    distances, nearest = cKDTree(cells_um).query(places, k=2)
    border = enlarge((distances[:, 1] - distances[:, 0]).reshape(half).astype(np.float32), shape, 0.5)
    depth = rng.normal(0, 1, (len(cells_um), 3)).astype(np.float32)
    own = ndimage.gaussian_filter(depth[nearest[:, 0]].reshape(*half, 3), (0.8, 0.8, 0))
    red, blue, foamy = (enlarge(own[..., channel], shape, 0.5) for channel in range(3))

    # Foam: vacuoles between thin walls, the walls being where smooth noise crosses zero.
    # Two sizes of them, in patches: a single one looks like a brain coral.
    coarse, small = (np.exp(-(smooth_noise(rng, shape, size / um) / 0.5) ** 2) for size in (0.85, 0.42))
    mix = soft_step(smooth_noise(rng, shape, 2.2 / um), 0.3)
    walls = (mix * coarse + (1 - mix) * small) * np.clip(0.85 + 0.3 * rough, 0.3, 1.1)
    foam = np.clip(rng.uniform(0.2, 0.7) + 0.2 * foamy + 0.2 * smooth_noise(rng, shape, 3 / um), 0.02, 0.95)
    body = (1 - foam) * (1 + 0.2 * fine + 0.2 * rough) + foam * (0.28 + 0.95 * walls + 0.18 * fine)
    tone, blueness = rng.uniform(0.5, 0.95), rng.uniform(0.14, 0.36)
    line = np.exp(-(border / 0.7) ** 2) * np.clip(0.5 + 0.4 * rough, 0, 1)
    # Cells come apart here and there.
    slit = soft_step(rng.uniform(-0.7, 0.3) - border + 0.7 * rough + 0.7 * smooth_noise(rng, shape, 5 / um), 0.15)
    eosin = (tone * (1 + 0.18 * red) * body + 0.30 * line) * (1 - 0.7 * slit)
    haematoxylin = (blueness * (1 + 0.35 * blue) * body + 0.06 * line) * (1 - 0.7 * slit)
    return np.clip(haematoxylin, 0.01, None), np.clip(eosin, 0.04, None)
