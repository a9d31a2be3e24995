"""Whether OpenSlide can be asked for pixels: it ends the process where a damaged header makes it want more memory than there is."""

import re
from collections.abc import Mapping
from pathlib import Path

from mitos_mmdet.core.tiff_image import tile_sizes

_MOST_PX = 2**28  # Ours: 1 GiB as OpenSlide decodes it; scanners' tiles have 64 to 4096 px a side.
# What files that are no TIFF state of their tiles (DICOM) and images (MIRAX).
_SIDES = re.compile(r'(openslide\.level\[\d+\]\.tile-|mirax\..*\.DIGITIZER_)(width|height)', re.IGNORECASE)


def check_tiles(path: str | Path, properties: Mapping[str, str]) -> None:
    """Refuses a slide whose tiles cannot be decoded.

    Args:
        path: The slide.
        properties: OpenSlide's.

    Raises:
        ValueError: The message is the reason alone.
    """
    stated = {}
    for name, value in properties.items():
        found = _SIDES.fullmatch(name)
        if found:
            stated.setdefault(found[1], []).append(int(value))
    for sides in [*stated.values(), *tile_sizes(path)]:
        if len(sides) == 2 and not 0 < sides[0] * sides[1] <= _MOST_PX:
            raise ValueError(f'it states tiles of {" x ".join(map(str, sorted(sides)))} px')
