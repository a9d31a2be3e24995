"""Images before and after normalisation, side by side, for the eye."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.names import printable

_SIDE, _GAP, _LINE = 320, 8, 18  # px


def contact_sheet(rows: Sequence[tuple], path: str | Path) -> None:
    """Writes a PNG, whole or not at all.

    Args:
        rows: ``[(before, after, caption), ...]``, image files and a line of text.
        path: Where to.
    """
    thumbnails = [[_thumbnail(file) for file in (before, after)] for before, after, _ in rows]
    heights = [_LINE + _GAP + max(image.height for image in pair) for pair in thumbnails]
    sheet = Image.new('RGB', (2 * _SIDE + 3 * _GAP, sum(heights) + _GAP), 'lightgrey')  # on white, glass would not show
    draw, font, top = ImageDraw.Draw(sheet), ImageFont.load_default(size=12), _GAP
    for (_, _, caption), pair, height in zip(rows, thumbnails, heights, strict=True):
        draw.text((_GAP, top), printable(caption), fill='black', font=font)
        for place, image in enumerate(pair):
            sheet.paste(image, (_GAP + place * (_SIDE + _GAP), top + _LINE))
        top += height
    write_image(path, np.asarray(sheet))


def _thumbnail(file):
    image = Image.fromarray(read_rgb(file))
    image.thumbnail((_SIDE, _SIDE))
    return image
