"""What files call the classes."""

import re
from functools import lru_cache

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS

# In lower case and with blanks for - and _.
_MITOSIS_NAMES = ('mitotic figure', 'mitotic figures', 'mitosis', 'mitoses', 'mitotic', 'mitotic cell')
_HARD_NEGATIVE_NAMES = ('hard negative', 'hard negatives', 'not mitotic figure', 'non mitotic figure', 'nonmitotic figure',
                        'not mitosis', 'non mitosis', 'nonmitosis', 'non mitotic', 'not mitotic', 'imposter')
# What the GeoJSON of mitos detect shows beside the mitotic figures: regions, and no labels where they come back from QuPath.
HOTSPOT, TISSUE, ROI = REGIONS = ('hotspot', 'tissue', 'region of interest')
_CLASS_OF = dict.fromkeys(_MITOSIS_NAMES, MITOSIS) | dict.fromkeys(_HARD_NEGATIVE_NAMES, HARD_NEGATIVE)


@lru_cache(maxsize=1024)
def class_name(text: str) -> str:
    """One name a class, whatever files call it: ``'Not_Mitosis'`` is ``'hard negative'``; an unknown name stays as it is."""
    text = text.strip()
    return _CLASS_OF.get(re.sub(r'[-_\s]+', ' ', text).lower(), text)
