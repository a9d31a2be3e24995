"""The overview picture: the slide with its tissue outline, density map, hotspot and detections."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator
from PIL import Image
from shapely.geometry.polygon import orient

from mitos_mmdet.core.files import draft
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange import class_names
from mitos_mmdet.slides.grade import LEAST_TISSUE_MM2
from mitos_mmdet.slides.hotspot import WHOLE
from mitos_mmdet.slides.outputs.palette import COLOURS

if TYPE_CHECKING:
    from mitos_mmdet.slides.count_slide import SlideCount
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

_DPI = 100
_SIDE = 1500  # px of the slide's longer side, ours
_STRIP = 84  # px below it, for the legend
_LEAST_WIDTH = 760  # px, so that the legend fits below a narrow slide
CIRCLE_UM = 9.0  # Ours: radius; a mitotic figure of 11 um with a rim.
INK = '#1c1c1c'
TISSUE, HOTSPOT, ROI, POINT = (COLOURS[name] for name in (class_names.TISSUE, class_names.HOTSPOT, class_names.ROI, MITOSIS))
# Clear where nothing is, then yellow to red: colours that H&E lacks, in rising darkness so that greys keep the order.
_HEAT = LinearSegmentedColormap.from_list('density', [
    (1, 0.93, 0.2, 0), (1, 0.86, 0.1, 0.25), (0.98, 0.55, 0, 0.4), (0.8, 0.05, 0.05, 0.55)])
_STYLE = {'font.family': ['DejaVu Sans'], 'font.size': 10, 'text.parse_math': False, 'text.color': INK}


def write_overview(path: str | Path, image: Image.Image) -> None:
    """Writes what ``draw_overview`` gives as PNG, whole or not at all."""
    with draft(path) as name:
        image.save(name, format='PNG')


def draw_overview(slide: 'Slide', count: 'SlideCount', tissue: 'TissueMask | None' = None, roi: 'Roi | None' = None) -> Image.Image:
    """Draws the overview: of a slide that states what was scanned, only that.

    Args:
        slide: ``Slide``; only its thumbnail is read.
        count: ``SlideCount``.
        tissue: ``TissueMask`` or None; outlined.
        roi: ``Roi`` or None; outlined, dashed.

    Returns:
        Image: RGB, the longer side about 1500 px, a legend below.
    """
    x, y, *size = box = slide.bounds or (0, 0, *slide.size)
    thumbnail = slide.thumbnail(_SIDE, box)
    grow = max(1, math.ceil(600 / max(thumbnail.shape[:2])))  # a tiny image still carries lines and a legend
    grow = max(grow, min(_LEAST_WIDTH / thumbnail.shape[1], _SIDE / max(thumbnail.shape[:2])))  # and has no empty strip beside it
    height, width = (round(grow * side) for side in thumbnail.shape[:2])
    um_per_px = size[0] * count.mitoses.um_per_px[0] / width
    page = max(width, _LEAST_WIDTH)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(page / _DPI, (height + _STRIP) / _DPI), dpi=_DPI, facecolor='white')
        FigureCanvasAgg(figure)
        left, bottom = (page - width) / 2 / page, _STRIP / (height + _STRIP)
        axes = figure.add_axes((left, bottom, width / page, 1 - bottom))
        axes.imshow(thumbnail, extent=(x, x + size[0], y + size[1], y), interpolation='nearest', aspect='auto')
        axes.axis('off')
        outlines = None if tissue is None else _path(tissue.polygons())
        heat = _paint_density(axes, slide, count, outlines)
        axes.set(xlim=(x, x + size[0]), ylim=(y + size[1], y))
        if outlines is not None:
            axes.add_patch(PathPatch(outlines, facecolor='none', edgecolor=TISSUE, linewidth=1.3))
        if roi is not None and roi.polygons:
            axes.add_patch(PathPatch(_path(roi.polygons), facecolor='none', edgecolor=ROI, linewidth=1.6, linestyle=(0, (6, 4))))
        _paint_circles(axes, *count.mitoses.points.T, max(_least_circle(len(count.mitoses)), 2 * CIRCLE_UM / um_per_px * 72 / _DPI))
        _paint_hotspot(axes, count)
        strip = figure.add_axes((0, 0, 1, bottom))
        _paint_legend(figure, strip, page, count, heat, tissue, roi, um_per_px)
        figure.canvas.draw()
        return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())


def is_small(slide: 'Slide', count: 'SlideCount') -> bool:
    """Whether the image is so small that a density would only smear single detections."""
    return bool(np.prod(slide.size) * np.prod(count.mitoses.um_per_px) / 1e6 < LEAST_TISSUE_MM2)


def _paint_density(axes, slide, count, tissue):
    """The density as a veil over the tissue; None where nothing was found, and on small images."""
    size, most = slide.size, float(count.density.per_mm2.max())
    if most <= 0 or is_small(slide, count):
        return None
    heat = ScalarMappable(Normalize(0, most), _HEAT)
    veil = axes.imshow(count.density.per_mm2, extent=(0, size[0], size[1], 0), cmap=_HEAT, vmin=0, vmax=most,
                       interpolation='bilinear', aspect='auto')
    if tissue is not None:
        veil.set_clip_path(tissue, axes.transData)
    return heat


def _paint_circles(axes, x, y, size):
    """Open circles, so that what they mark stays visible; ``size`` in pt."""
    for colour, line in (('white', 3), (POINT, 1.6)):
        axes.plot(x, y, linestyle='none', marker='o', markersize=size, markerfacecolor='none', markeredgecolor=colour, markeredgewidth=line)


def _paint_hotspot(axes, count):
    """The window's outline; none where it is the whole image."""
    spot = count.hotspot
    if spot is None or spot.search == WHOLE:
        return
    x1, y1, x2, y2 = np.array(spot.box_um) / (count.mitoses.um_per_px * 2)
    kind = (Rectangle((x1, y1), x2 - x1, y2 - y1) if spot.shape == 'rectangle'
            else Ellipse(((x1 + x2) / 2, (y1 + y2) / 2), x2 - x1, y2 - y1))
    for colour, line in (('white', 5), (HOTSPOT, 2.6)):
        axes.add_collection(PatchCollection([kind], facecolor='none', edgecolor=colour, linewidth=line))


def _path(polygons):
    """All rings of shapely polygons as one path, holes the other way round; None where there are none."""
    rings = [np.asarray(ring.coords) for polygon in map(orient, polygons) for ring in (polygon.exterior, *polygon.interiors)]
    codes = [code for ring in rings for code in (Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY)]
    return Outline(np.concatenate(rings), codes) if rings else None


def _paint_legend(figure, strip, width, count, heat, tissue, roi, um_per_px):
    """Scale bar, colour bar and key, each in its own part of the strip; ``um_per_px`` of the picture."""
    strip.set(xlim=(0, width), ylim=(0, _STRIP))
    strip.axis('off')
    length = round_length(0.16 * width * um_per_px)
    strip.plot([24, 24 + length / um_per_px], [52, 52], color=INK, linewidth=4, solid_capstyle='butt')
    strip.text(24, 40, f'{length / 1000:g} mm' if length >= 1000 else f'{length:g} µm', va='top')
    x = 0.27 * width
    if heat is not None:
        bar = figure.add_axes((x / width, 46 / figure.bbox.height, 0.24, 12 / figure.bbox.height))
        figure.colorbar(heat, cax=bar, orientation='horizontal', ticks=MaxNLocator(4))
        bar.tick_params(length=2, labelsize=9)
        strip.text(x, 64, 'mitotic figures per mm², smoothed', va='bottom', fontsize=9)
    x, y = 0.58 * width, 64
    several = f'{len(count.mitoses) or "no"} mitotic figure{"s" if len(count.mitoses) > 1 else ""} with score ≥ {count.least_score}'
    _paint_circles(strip, [x], [y], 7)
    strip.text(x + 26, y, several, va='center')
    spot, y = count.hotspot, y - 22
    if spot is not None:
        where = 'all of it, ' if spot.search == WHOLE else ''
        strip.text(x + 26, y, f'hotspot: {where}{spot.count} in {spot.area_mm2:.3g} mm²', va='center')
        if spot.search != WHOLE:
            strip.plot([x - 8, x + 18], [y] * 2, color=HOTSPOT, linewidth=2.6)
        y -= 22
    for shown, words, style in ((tissue is not None, 'tissue', dict(color=TISSUE, linewidth=1.6)),
                                (roi is not None, 'region of interest', dict(color=ROI, linewidth=1.6, linestyle=(0, (4, 3))))):
        if shown:
            strip.plot([x - 8, x + 18], [y] * 2, **style)
            strip.text(x + 26, y, words, va='center')
            x += 100


def round_length(um: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten below."""
    power = 10**math.floor(math.log10(um))
    return max(step * power for step in (1, 2, 5) if step * power <= um)


def _least_circle(count):
    """Smaller circles for many, pt."""
    return 9 if count < 100 else 6 if count < 1000 else 4
