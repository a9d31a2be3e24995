"""MIDOG's ground truth beside its evaluators, in millimetres.

2021 and 2022: ``{"007.tiff": [[x, y, 0], ...]}``. 2025: ``{"007.tiff": {"annotations": [[x, y, 0], ...], "tumor domain": 0,
"roi type": "hotspot"}}``. Mitotic figures alone, without hard negatives and without image sizes.
"""

from decimal import Decimal

from mitos_mmdet.core.json_reading import is_number, read_json
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = "the ground truth of MIDOG's evaluators: points in mm by image"
SUFFIXES = ('.json',)


def recognises(source: Source) -> bool:
    content = source.json
    if isinstance(content, list) and content and isinstance(content[0], dict) and 'tumordomains' in content[0]:
        raise ValueError(f"{source.path}: the truth of MIDOG 2025's second track, which classifies: it locates nothing")
    return isinstance(content, dict) and bool(content) and all(
        isinstance(entry, list) and all(isinstance(point, list) for point in entry)
        or isinstance(entry, dict) and 'annotations' in entry for entry in content.values())


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames in mm.

    Raises:
        ValueError: A point that is not three numbers.
    """
    frames = []
    for name, entry in read_json(source.path, decimals=True).items():
        about = entry if isinstance(entry, dict) else {}
        points = about['annotations'] if about else entry
        for point in points if isinstance(points, list) else [points]:
            if not (isinstance(point, list) and len(point) in (2, 3) and all(map(is_number, point))):
                raise ValueError(f'{source.path}: {name} has the point {str(point)[:60]}, it must be x, y in mm and 0. Correct the file')
        tumour = about.get('tumor domain')
        frames.append(points_of(
            name, [(Decimal(point[0]), Decimal(point[1]), MITOSIS, None) for point in points], f'{source.path}: {name}', unit='mm',
            domain=None if tumour is None else f'tumor {tumour}', region_type=about.get('roi type')))
    return PointFile(source.path, 'grand-challenge-truth', frames)
