"""One colour per concept, the same in pictures, on the page and in QuPath."""

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.class_names import HOTSPOT, ROI, TISSUE

# Ours: apart from each other and from the pink and violet of H&E; also in brightness, for the colour-blind.
COLOURS = {MITOSIS: '#00963c', HARD_NEGATIVE: '#dc7800', HOTSPOT: '#0b3fb3', TISSUE: '#6e6e6e', ROI: '#1c1c1c'}
