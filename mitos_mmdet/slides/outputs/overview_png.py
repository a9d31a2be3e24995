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
from mitos_mmdet.slides.grade import LEAST_TISSUE_MM2

if TYPE_CHECKING:
    from mitos_mmdet.slides.count_slide import SlideCount
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

_DPI = 100
_SIDE = 1500  # px of the slide's longer side, ours
_STRIP = 84  # px below it, for the legend
_LEAST_WIDTH = 760  # px, so that the legend fits below a narrow slide
INK, TISSUE, HOTSPOT, POINT = '#1c1c1c', '#1b6e4a', '#0b3fb3', '#111111'
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
    height, width = (grow * side for side in thumbnail.shape[:2])
    page = max(width, _LEAST_WIDTH)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(page / _DPI, (height + _STRIP) / _DPI), dpi=_DPI, facecolor='white')
        FigureCanvasAgg(figure)
        left, bottom = (page - width) / 2 / page, _STRIP / (height + _STRIP)
        axes = figure.add_axes((left, bottom, width / page, 1 - bottom))
        axes.imshow(thumbnail, extent=(x, x + size[0], y + size[1], y), interpolation='nearest', aspect='auto')
        axes.axis('off')
        outlines = None if tissue is None else _path(tissue.polygons())
        heat = _paint_density(axes, count, slide.size, outlines)
        axes.set(xlim=(x, x + size[0]), ylim=(y + size[1], y))
        if outlines is not None:
            axes.add_patch(PathPatch(outlines, facecolor='none', edgecolor=TISSUE, linewidth=1.3))
        if roi is not None and roi.polygons:
            axes.add_patch(PathPatch(_path(roi.polygons), facecolor='none', edgecolor=INK, linewidth=1.6, linestyle=(0, (6, 4))))
        axes.plot(*count.mitoses.points.T, linestyle='none', marker='o', markersize=_dot(len(count.mitoses)), markerfacecolor='white',
                  markeredgecolor=POINT, markeredgewidth=1)
        _paint_hotspot(axes, count, box)
        strip = figure.add_axes((0, 0, 1, bottom))
        _paint_legend(figure, strip, page, count, heat, tissue, roi, size[0] * count.mitoses.um_per_px[0] / width)
        figure.canvas.draw()
        return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())


def _paint_density(axes, count, size, tissue):
    """The density as a veil over the tissue; None where nothing was found, and on images so small that it would only smear single
    detections.
    """
    most = float(count.density.per_mm2.max())
    if most <= 0 or np.prod(size) * np.prod(count.mitoses.um_per_px) / 1e6 < LEAST_TISSUE_MM2:
        return None
    heat = ScalarMappable(Normalize(0, most), _HEAT)
    veil = axes.imshow(count.density.per_mm2, extent=(0, size[0], size[1], 0), cmap=_HEAT, vmin=0, vmax=most,
                       interpolation='bilinear', aspect='auto')
    if tissue is not None:
        veil.set_clip_path(tissue, axes.transData)
    return heat


def _paint_hotspot(axes, count, box):
    spot, (left, top, width, height) = count.hotspot, box
    if spot is None:
        return
    x1, y1, x2, y2 = np.array(spot.box_um) / (count.mitoses.um_per_px * 2)
    kind = (Rectangle((x1, y1), x2 - x1, y2 - y1) if spot.shape == 'rectangle'
            else Ellipse(((x1 + x2) / 2, (y1 + y2) / 2), x2 - x1, y2 - y1))
    for colour, line in (('white', 5), (HOTSPOT, 2.6)):
        axes.add_collection(PatchCollection([kind], facecolor='none', edgecolor=colour, linewidth=line))
    # Above the window; else below it; else in its corner, for beyond the slide lies the legend.
    room = 0.06 * height
    if y1 > top + room:
        y, offset, va = y1, (0, 5), 'bottom'
    elif y2 < top + height - room:
        y, offset, va = y2, (0, -5), 'top'
    else:
        y, offset, va = max(y1, top), (8, -8), 'top'
    axes.annotate(f'{spot.count} in {spot.area_mm2:.3g} mm²', (max(x1, left), y), offset,
                  textcoords='offset points', ha='left' if x1 < left + 0.8 * width else 'right', va=va, color='white',
                  fontsize=12, fontweight='bold', annotation_clip=False,
                  bbox=dict(boxstyle='round,pad=0.3', facecolor=HOTSPOT, edgecolor='white'))


def _path(polygons):
    """All rings of shapely polygons as one path, holes the other way round; None where there are none."""
    rings = [np.asarray(ring.coords) for polygon in map(orient, polygons) for ring in (polygon.exterior, *polygon.interiors)]
    codes = [code for ring in rings for code in (Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY)]
    return Outline(np.concatenate(rings), codes) if rings else None


def _paint_legend(figure, strip, width, count, heat, tissue, roi, um_per_px):
    """Scale bar, colour bar and key, each in its own part of the strip; ``um_per_px`` of the picture."""
    strip.set(xlim=(0, width), ylim=(0, _STRIP))
    strip.axis('off')
    length = _round_length(0.16 * width * um_per_px)
    strip.plot([24, 24 + length / um_per_px], [52, 52], color=INK, linewidth=4, solid_capstyle='butt')
    strip.text(24, 40, f'{length / 1000:g} mm' if length >= 1000 else f'{length:g} µm', va='top')
    x = 0.27 * width
    if heat is not None:
        bar = figure.add_axes((x / width, 46 / figure.bbox.height, 0.24, 12 / figure.bbox.height))
        figure.colorbar(heat, cax=bar, orientation='horizontal', ticks=MaxNLocator(4))
        bar.tick_params(length=2, labelsize=9)
        strip.text(x, 64, 'mitotic figures per mm², smoothed', va='bottom', fontsize=9)
    elif not len(count.mitoses):
        strip.text(x, 52, 'no mitotic figure found', va='center')
    x, y = 0.58 * width, [58, 28]
    several = f'{len(count.mitoses)} mitotic figure{"s" if len(count.mitoses) != 1 else ""}'
    strip.plot([x], [y[0]], marker='o', markersize=7, markerfacecolor='white', markeredgecolor=POINT)
    strip.text(x + 14, y[0], several, va='center')
    for number, (shown, words, style) in enumerate((
            (count.hotspot is not None, 'hotspot', dict(color=HOTSPOT, linewidth=2.6)),
            (tissue is not None, 'tissue', dict(color=TISSUE, linewidth=1.6)),
            (roi is not None, 'region of interest', dict(color=INK, linewidth=1.6, linestyle=(0, (4, 3)))))):
        place = (0.58 + (0, 0.13, 0.24)[number]) * width - 8
        if shown:
            strip.plot([place, place + 26], [y[1]] * 2, **style)
            strip.text(place + 34, y[1], words, va='center')


def _round_length(um):
    """The greatest 1, 2 or 5 times a power of ten below."""
    power = 10**math.floor(math.log10(um))
    return max(step * power for step in (1, 2, 5) if step * power <= um)


def _dot(count):
    """Smaller marks for many, pt."""
    return 6 if count < 100 else 4.5 if count < 1000 else 3
