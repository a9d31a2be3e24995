"""The frame with its detections: a numbered circle around each, with its score."""

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mitos_mmdet.core.files import draft
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.class_names import HOTSPOT, ROI
from mitos_mmdet.slides.hotspot import WHOLE
from mitos_mmdet.slides.outputs.geojson import hotspot_polygon
from mitos_mmdet.slides.outputs.overview_png import CIRCLE_UM, round_length
from mitos_mmdet.slides.outputs.palette import COLOURS

if TYPE_CHECKING:
    from mitos_mmdet.slides.count_slide import SlideCount
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide

MOST_PX = 60_000_000  # Ours: larger slides have the overview and the page instead.
_QUALITY = 92
_FONT = Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf')  # Pillow's own font lacks µ and ≥


def write_annotated_picture(path: str | Path, slide: 'Slide', count: 'SlideCount', roi: 'Roi | None' = None) -> None:
    """Writes what ``annotated_picture`` draws at full resolution as JPEG, atomically."""
    with draft(path) as name:
        annotated_picture(slide, count, roi).save(name, 'JPEG', quality=_QUALITY)


def annotated_picture(slide: 'Slide', count: 'SlideCount', roi: 'Roi | None' = None, most_side: int | None = None) -> Image.Image:
    """The frame with a circle, the number and the score at each mitotic figure, a scale bar and the threshold.

    Args:
        slide: ``Slide`` of at most ``MOST_PX``.
        count: ``SlideCount``; its hotspot is outlined where it is not the whole image.
        roi: ``Roi`` or None; outlined.
        most_side: Px of the longer side; None: as many as the slide has.
    """
    image = Image.fromarray(slide.thumbnail(most_side or max(slide.size)))
    draw, scale = ImageDraw.Draw(image), np.divide(image.size, slide.size)
    um_per_px = np.divide(count.mitoses.um_per_px, scale)
    radius = CIRCLE_UM / um_per_px
    line = max(2, round(min(min(image.size) / 400, radius.min() / 8)))
    height = max(12, round(min(min(image.size) / 55, radius.min())))
    points = count.mitoses.points * scale
    circles = [(*(point - radius), *(point + radius)) for point in points]
    told = _outline_regions(draw, count, roi, scale, line)
    taken = [*circles, *_paint_key(draw, image.size, count, told, um_per_px[0], _font(0.8 * height), circles)]
    for box in circles:
        draw.ellipse([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline='white', width=line + 2)  # so that it shows on dark tissue
        draw.ellipse(box, outline=COLOURS[MITOSIS], width=line)
    font = _font(height)
    for number, (box, score) in enumerate(zip(circles, count.mitoses.scores, strict=True), start=1):
        text = f'{number}: {score:.2f}'
        place = _free_place(box, draw.textbbox((0, 0), text, font=font, stroke_width=line)[2:], image.size, taken)
        draw.text(place, text, font=font, fill=COLOURS[MITOSIS], stroke_width=line, stroke_fill='white')
    return image


def _outline_regions(draw, count, roi, scale, line):
    """Draws region and hotspot; ``[(words, colour)]`` of those drawn."""
    regions = [] if roi is None else [(ROI, polygon, ROI) for polygon in roi.polygons]
    spot = count.hotspot
    if spot is not None and spot.search != WHOLE:
        regions.append((HOTSPOT, hotspot_polygon(spot, count.mitoses.um_per_px), f'{HOTSPOT}: {spot.count} in {spot.area_mm2:.3g} mm²'))
    for name, polygon, _ in regions:
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [tuple(corner) for corner in np.asarray(ring.coords) * scale]
            draw.line(corners, fill='white', width=line + 2, joint='curve')
            draw.line(corners, fill=COLOURS[name], width=line, joint='curve')
    return list(dict.fromkeys((words, COLOURS[name]) for name, _, words in regions))


def _paint_key(draw, image_size, count, told, um_per_px, font, circles):
    """Scale bar, threshold and what the outlines are, in a corner without a detection; ``[box]`` of it, none where it does not fit."""
    bar_um = round_length(0.16 * image_size[0] * um_per_px)
    bar = bar_um / um_per_px
    threshold = f'score ≥ {count.least_score}'
    lines = [(f'{bar_um:g} µm', 'black'), (threshold if len(count.mitoses) else f'no mitotic figure with {threshold}', 'black'), *told]
    high = 1.35 * font.size
    size = np.array([max(bar, *(draw.textlength(words, font=font) for words, _ in lines)) + high, (len(lines) + 1) * high])
    if size[0] > image_size[0] or size[1] > image_size[1] / 2:
        return []
    right, bottom = np.array(image_size) - size
    corners = [(0, bottom), (right, bottom), (right, 0), (0, 0)]
    free = [corner for corner in corners if not any(_overlap(corner, size, circle) for circle in circles)]
    x, y = (free or corners)[0]
    box = x, y, x + size[0], y + size[1]
    draw.rectangle(box, fill='white')
    x, y = x + high / 2, y + high / 2
    draw.rectangle((x, y, x + bar, y + high / 5), fill='black')
    for number, (words, colour) in enumerate(lines):
        draw.text((x, y + (number + 0.3) * high), words, font=font, fill=colour)
    return [box]


def _font(size):
    return ImageFont.truetype(str(_FONT), round(max(10, size)))


def _free_place(box, size, image_size, taken):
    """Top left of a text beside a circle: above, right, below or left of it, inside the image, on nothing ``taken`` where that can be."""
    x1, y1, x2, y2 = box
    width, height = size
    places = [((x1 + x2 - width) / 2, y1 - height - 4), (x2 + 2, (y1 + y2 - height) / 2), ((x1 + x2 - width) / 2, y2 + 2),
              (x1 - width - 2, (y1 + y2 - height) / 2)]
    most = np.maximum(np.array(image_size) - size, 0)
    places = [tuple(np.clip(place, 0, most)) for place in places]
    free = [place for place in places if not any(_overlap(place, size, other) for other in taken)]
    place = free[0] if free else places[0]
    taken.append((*place, place[0] + width, place[1] + height))
    return place


def _overlap(place, size, other):
    return place[0] < other[2] and place[0] + size[0] > other[0] and place[1] < other[3] and place[1] + size[1] > other[1]
