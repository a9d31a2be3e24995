"""One small slide of every scanner's format, with dark discs at known places, also where its tiles, photos and areas meet."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from disc_model import disc_slide
from vendor_dicom import write_dicom
from vendor_mirax import PHOTO, mirax_size, write_mirax
from vendor_ndpi import write_ndpi, write_vms
from vendor_scn_bif import write_bif, write_scn
from vendor_tiff import write_philips, write_svs, write_trestle

GROUND, PINK = 235, (225, 150, 190)


@dataclass
class Scene:
    """Attributes: ``write(path, pixels)``; suffix and OpenSlide's vendor; px of level 0 ``(width, height)``; the discs' places ``(N, 2)``
    px; what was scanned ``[(x, y, width, height)]`` px; the bounds that the file states; um/px ``(x, y)``; downsamples of its levels; if
    they divide sizes and places, which OpenSlide rounds to whole px of each level.
    """
    suffix: str
    vendor: str
    write: object
    size: tuple
    discs: list
    scanned: list
    bounds: tuple = None
    um_per_px: tuple = (0.25, 0.25)
    downsamples: tuple = (1, 2, 4)
    divides: bool = True
    pixels: np.ndarray = field(init=False)

    def __post_init__(self):
        size_um = [side * um for side, um in zip(self.size, self.um_per_px, strict=True)]
        self.pixels = disc_slide(np.array(self.discs) * self.um_per_px, size_um, self.um_per_px).pixels
        self.pixels[self.pixels[..., 1] == GROUND] = PINK

    def make(self, folder, **options):
        path = folder / f'a{self.suffix}'
        self.write(path, self.pixels, **options)
        return path

    @property
    def mask(self):
        """bool ``(height, width)``: what was scanned."""
        mask = np.zeros(self.size[::-1], bool)
        for x, y, width, height in self.scanned:
            mask[y:y + height, x:x + width] = True
        return mask


def _mirax(overlap, um_per_px=(0.25, 0.25), **options):
    step, photos = PHOTO - overlap, (5, 4)
    taken = {(x, y) for x in range(1, 5) for y in range(1, 4)} - {(2, 2)}  # not the first row and column, and a gap
    return Scene('.mrxs', 'mirax', partial(write_mirax, photos=photos, overlap=overlap, scanned=taken, um_per_px=um_per_px, **options),
                 mirax_size(photos, overlap),
                 [(step + 30.3, step + 31.7), (2 * step + overlap / 2, step + 60), (3 * step + overlap / 2, 2 * step + overlap / 2),
                  (4 * step + 64, 3 * step + overlap / 2), (step + 64, 3 * step + 90.5)],
                 [(x * step, y * step, PHOTO, PHOTO) for x, y in taken], (step, step, 3 * step + PHOTO, 2 * step + PHOTO), um_per_px)


_SCN = [(64, 96, 256, 192), (352, 160, 192, 256)]
_ODD = [(65, 97, 257, 191), (353, 161, 194, 257)]
SCENES = {
    # Two areas far from the corner of a large glass.
    'scn': Scene('.scn', 'leica', partial(write_scn, regions=_SCN), (640, 480),
                 [(90.3, 120.7), (128, 160), (192, 224.5), (400, 224), (480, 352), (520.6, 390.2)], _SCN, (64, 96, 480, 320),
                 downsamples=(1, 2)),
    # Tiles that overlap, in two areas.
    'bif': Scene('.bif', 'ventana', partial(write_bif, areas=[(1, 0, 4, 3), (6, 2, 3, 4)]), (512, 354),
                 [(90.4, 30.2), (2 * 56 + 4, 58 + 3), (3 * 56 + 4, 100), (6 * 56 + 30, 3 * 58 + 3), (8 * 56 + 4, 5 * 58 + 3)],
                 [(56, 0, 3 * 56 + 64, 2 * 58 + 64), (336, 116, 2 * 56 + 64, 3 * 58 + 64)]),
    # Sizes and places that no level divides.
    'scn-odd': Scene('.scn', 'leica', partial(write_scn, regions=_ODD, levels=4, um_per_px=0.251), (640, 480),
                     [(90.3, 120.7), (128, 160), (191, 224.5), (400, 224), (480, 352), (520.6, 390.2)], _ODD, (65, 97, 482, 321),
                     (0.251, 0.251), downsamples=(1, 2, 4, 8), divides=False),
    'mrxs': _mirax(0),
    'mrxs-png': _mirax(0, kind='PNG'),
    'mrxs-bmp': _mirax(16, kind='BMP24'),
    'mrxs-overlap': _mirax(16, (0.25, 0.24), compressed=True),
    'philips': Scene('.tiff', 'philips', partial(write_philips, um_per_px=(0.25, 0.24), left_out={(0, 0), (1, 0), (0, 1), (1, 1), (9, 6)}),
                     (640, 448), [(200.4, 150.2), (256, 192), (300, 64), (500.5, 420)],
                     [(128, 0, 512, 128), (0, 128, 640, 256), (0, 384, 576, 64)], um_per_px=(0.25, 0.24)),
    'ndpi': Scene('.ndpi', 'hamamatsu', write_ndpi, (512, 256), [(100.3, 90.2), (256, 64), (320, 192), (470.5, 220)], [(0, 0, 512, 256)],
                  downsamples=(1, 2, 4, 8, 16, 32)),
    # Two JPEGs, which meet in the middle.
    'vms': Scene('.vms', 'hamamatsu', write_vms, (512, 256), [(100.3, 90.2), (256, 64), (256, 160.5), (470.5, 220)], [(0, 0, 512, 256)],
                 downsamples=(1, 2, 4, 8, 16, 32)),
    'dicom': Scene('.dcm', 'dicom', partial(write_dicom, um_per_px=(0.25, 0.24), left_out={(0, 0), (1, 0)}), (448, 256),
                   [(100.3, 98.2), (256, 64), (320, 192), (400.5, 220)], [(128, 0, 320, 64), (0, 64, 448, 192)], um_per_px=(0.25, 0.24),
                   downsamples=(1, 2)),
    'trestle': Scene('.tif', 'trestle', partial(write_trestle, tiles=(6, 4)), (344, 232), [(60.2, 60.6), (116, 116), (172, 90), (300, 190)],
                     [(0, 0, 344, 232)], downsamples=(1, )),
    'svs': Scene('.svs', 'aperio', write_svs, (600, 440), [(100.3, 90.2), (256, 192), (320, 330), (560, 400)], [(0, 0, 600, 440)],
                 downsamples=(1, 4)),
    'svs-33003': Scene('.svs', 'aperio', partial(write_svs, jpeg2000=33003), (300, 240), [(100.3, 90.2), (192, 128)], [(0, 0, 300, 240)],
                       downsamples=(1, 4)),
    'svs-33005': Scene('.svs', 'aperio', partial(write_svs, jpeg2000=33005), (300, 240), [(100.3, 90.2), (192, 128)], [(0, 0, 300, 240)],
                       downsamples=(1, 4)),
}
