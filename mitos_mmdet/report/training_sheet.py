"""A sheet of training samples: each image with its boxes and masks, as in Fig. 1 of the MIDOG paper and Fig. 7 of the mask paper."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP, _LINE = 6, 16  # px
_COLOURS = ((0, 160, 80), (230, 120, 0), (60, 110, 230), (200, 40, 160))  # of the classes, in their order
PANELS = ('all', 'image', 'boxes', 'masks')


@dataclass
class Sample:
    """One training image as it goes into the network.

    Attributes:
        image: uint8 ``(H, W, 3)`` RGB.
        caption: A line of text.
        boxes, labels: ``(N, 4)`` xyxy px and ``(N,)`` int, the number of the class.
        masks: N lists of polygons, each ``(V, 2)`` xy px; empty where the pipeline makes none.
    """

    image: np.ndarray
    caption: str
    boxes: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    masks: list = field(default_factory=list)


def training_sheet(samples: Sequence[Sample], classes: Sequence[str], columns: int = 4, panels: Sequence[str] = ('all', ),
                   side: int = 256) -> np.ndarray:
    """Draws the samples row by row.

    Args:
        samples: ``[Sample, ...]``, one at least.
        classes: Names in the order of their numbers, for the legend.
        columns: Samples in a row.
        panels: What is drawn of each sample, side by side: ``'image'``, ``'boxes'``, ``'masks'`` (filled), or ``'all'``: boxes and the
            outlines of masks in one.
        side: Px of the longer side of a panel.

    Returns:
        np.ndarray: uint8 ``(H, W, 3)`` RGB.

    Raises:
        ValueError: No samples, an unknown panel, ``columns`` or ``side`` below 1.
    """
    unknown = [panel for panel in panels if panel not in PANELS]
    if unknown or not panels:
        raise ValueError(f"panels {tuple(panels)}: choose from {', '.join(PANELS)}")
    if not samples or columns < 1 or side < 1:
        raise ValueError(f'{len(samples)} samples in {columns} columns of {side} px: all must be at least 1')
    width = len(panels) * (side + _GAP)
    rows = [samples[start:start + columns] for start in range(0, len(samples), columns)]
    sheet = Image.new('RGB', (min(columns, len(samples)) * width + _GAP, len(rows) * (side + _LINE + _GAP) + _LINE + 2 * _GAP), 'white')
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    left = _GAP
    for number, name in enumerate(classes):
        draw.rectangle((left, _GAP, left + 10, _GAP + 10), outline=_colour(number), width=2)
        draw.text((left + 15, _GAP - 1), name, fill='black', font=font)
        left += 30 + round(font.getlength(name))
    for row, line in enumerate(rows):
        for column, sample in enumerate(line):
            x, y = _GAP + column * width, _LINE + 2 * _GAP + row * (side + _LINE + _GAP)
            draw.text((x, y), _fitted(sample.caption, font, width - 2 * _GAP), fill='black', font=font)
            for place, panel in enumerate(panels):
                sheet.paste(_panel(sample, panel, side), (x + place * (side + _GAP), y + _LINE))
    return np.asarray(sheet)


def _panel(sample, panel, side):
    """One panel, scaled to ``side`` first, so that lines have the same width in all."""
    height, width = sample.image.shape[:2]
    scale = side / max(height, width)
    image = Image.fromarray(sample.image).resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    if panel == 'masks':
        draw.rectangle((0, 0, side, side), fill='black')
    for number, polygons in enumerate(sample.masks if panel in ('all', 'masks') else ()):
        for polygon in polygons:
            points = [tuple(point) for point in (np.asarray(polygon, float).reshape(-1, 2) * scale).tolist()]
            if panel == 'masks':
                draw.polygon(points, fill='white')
            else:
                draw.line([*points, points[0]], fill=_colour(sample.labels[number]), width=1)
    for box, label in zip(sample.boxes, sample.labels, strict=True) if panel in ('all', 'boxes') else ():
        draw.rectangle((np.asarray(box, float) * scale).tolist(), outline=_colour(label), width=2)
    return image


def _colour(label):
    return _COLOURS[int(label) % len(_COLOURS)]


def _fitted(text, font, width):
    while len(text) > 4 and font.getlength(text) > width:
        text = '...' + text[4:] if text.startswith('...') else '...' + text[3:]
    return text
