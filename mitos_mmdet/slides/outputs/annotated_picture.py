"""The frame with its detections: a numbered circle around each, with its score."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mitos_mmdet.core.files import draft
from mitos_mmdet.datasets.coco_format import MITOSIS

if TYPE_CHECKING:
    from mitos_mmdet.slides.detections import Detections
    from mitos_mmdet.slides.slide import Slide

MOST_PX = 60_000_000  # Ours: larger slides have the overview and the page instead.
_COLOURS = {True: (0, 150, 60), False: (230, 120, 0)}  # mitotic figure, other classes
_CIRCLE_UM = 9.0  # Ours: radius; a mitotic figure of 11 um with a rim.
_QUALITY = 92


def write_annotated_picture(path: str | Path, slide: 'Slide', detections: 'Detections') -> None:
    """Writes the frame as JPEG with a circle and the score at each detection, atomically.

    Mitotic figures are green, other classes orange. Numbers count by falling score, as the rows of the CSV file do.

    Args:
        path: Of the picture.
        slide: ``Slide`` of at most ``MOST_PX``.
        detections: ``Detections`` to show, by falling score.
    """
    image = Image.fromarray(slide.read(0, 0, *slide.size))
    draw_detections(image, detections)
    with draft(path) as name:
        image.save(name, 'JPEG', quality=_QUALITY)


def draw_detections(image: Image.Image, detections: 'Detections') -> None:
    """Draws onto a Pillow image in px of level 0."""
    draw = ImageDraw.Draw(image)
    radius = np.array([_CIRCLE_UM / side for side in detections.um_per_px])
    line = max(2, round(min(min(image.size) / 400, radius.min() / 8)))
    font = ImageFont.load_default(size=max(12, round(min(min(image.size) / 55, radius.min()))))
    colours = [_COLOURS[detections.classes[label] == MITOSIS] for label in detections.labels]
    boxes = [(*(point - radius), *(point + radius)) for point in detections.points]
    for box, colour in zip(boxes, colours, strict=True):
        draw.ellipse([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline='white', width=line + 2)  # so that it shows on dark tissue
        draw.ellipse(box, outline=colour, width=line)
    taken = list(boxes)
    for index, (box, colour) in enumerate(zip(boxes, colours, strict=True)):
        text = f'{index + 1}: {detections.scores[index]:.2f}'
        place = _free_place(box, draw.textbbox((0, 0), text, font=font, stroke_width=line)[2:], image.size, taken)
        draw.text(place, text, font=font, fill=colour, stroke_width=line, stroke_fill='white')


def _free_place(box, size, image_size, taken):
    """Top left of a text beside a circle: above, right, below or left of it, inside the image, on nothing ``taken`` where that can be."""
    x1, y1, x2, y2 = box
    width, height = size
    places = [((x1 + x2 - width) / 2, y1 - height - 2), (x2 + 2, (y1 + y2 - height) / 2), ((x1 + x2 - width) / 2, y2 + 2),
              (x1 - width - 2, (y1 + y2 - height) / 2)]
    most = np.maximum(np.array(image_size) - size, 0)
    places = [tuple(np.clip(place, 0, most)) for place in places]
    free = [place for place in places if not any(_overlap(place, size, other) for other in taken)]
    place = free[0] if free else places[0]
    taken.append((*place, place[0] + width, place[1] + height))
    return place


def _overlap(place, size, other):
    return place[0] < other[2] and place[0] + size[0] > other[0] and place[1] < other[3] and place[1] + size[1] > other[1]
