"""Which tiles a dataset of frames gives and what lies in each: numbers and names only, no pixels.

Coordinates are px, x first. Tiles are xyxy in the frame, x2 and y2 just outside.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

import numpy as np

from mitos_mmdet.core.names import fitted
from mitos_mmdet.core.polygons import clip_polygon, polygon_area
from mitos_mmdet.datasets.coco_format import check_entries, image_fault, make_uniform
from mitos_mmdet.datasets.usable_labels import labels_by_image, usable_labels
from mitos_mmdet.stain import METHODS as STAINS
from mitos_mmdet.tiling.grid import REMAINDERS, equal_grid, tile_grid

KEEPS = ('labelled', 'all')
FORMATS = ('png', 'jpg')
_DECIMALS = 3  # of a px, as the converters write
_MOST_TILES = 1_000_000  # of one frame (ours): 512,000 px square at 512 px


@dataclass(frozen=True)
class TileSettings:
    """What makes one set of tiles differ from another.

    Attributes:
        size: ``(width, height)`` px of a tile. 512 is the MIDOG Cascade R-CNN paper's.
        overlap: Px that neighbours share; 0 is the paper's.
        remainder: ``'drop'`` (the paper's), ``'pad'`` or ``'shift'`` (ours: no object is lost), as in ``tile_grid``.
        grid: ``(columns, rows)``: cut every frame into so many equal parts instead; None to go by ``size``.
        keep: ``'labelled'``: tiles that hold an object (the paper's). ``'all'``: also those without, and unlabelled frames'.
        format: ``'png'``, or ``'jpg'`` (lossy; quality 95, colour not subsampled).
        stain: Method by which each frame's stain is measured and recorded with its tiles (ours: ``'macenko'``, as MITOS-RCNN and
            the MIDOG paper normalise), or None.

    Raises:
        ValueError: A value that makes no sense; the message says which.
    """

    size: tuple = (512, 512)
    overlap: int = 0
    remainder: str = 'shift'
    grid: tuple | None = None
    keep: str = 'labelled'
    format: str = 'png'
    stain: str | None = 'macenko'

    def __post_init__(self):
        for name, known in (('remainder', REMAINDERS), ('keep', KEEPS), ('format', FORMATS), ('stain', (*STAINS, None))):
            if getattr(self, name) not in known:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}: one of {', '.join(map(str, known))}")
        if self.grid is not None and min(self.grid) < 1:
            raise ValueError(f'a grid of {self.grid[0]} x {self.grid[1]} has no tiles: give columns x rows, for example 4x4')
        tile_grid(1, 1, self.size, self.overlap)

    def tiles(self, width: int, height: int) -> np.ndarray:
        """The tiles of a frame: ``(T, 4)`` int64 xyxy."""
        if self.grid is not None:
            return equal_grid(width, height, *self.grid)
        return tile_grid(width, height, self.size, self.overlap, self.remainder)

    def as_json(self) -> dict:
        """The settings as plain JSON values; those that another one overrides are left out."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        unused = ('grid',) if self.grid is None else ('size', 'overlap', 'remainder')
        return {key: value for key, value in values.items() if key not in unused}


@dataclass(frozen=True)
class Tile:
    """One tile of a frame: where it lies, its file below the image folder, and its annotations in its own coordinates."""

    xyxy: tuple
    file_name: str
    annotations: tuple


@dataclass(frozen=True)
class PlannedFrame:
    """A frame as its annotation file has it, the tiles kept of it, and how many usable ``objects`` it has by category id."""

    image: dict
    tiles: tuple
    objects: Counter


def plan_tiles(content: dict, settings: TileSettings) -> tuple:
    """The tiles of every frame of an annotation file, in its order.

    An object belongs to each tile that holds its centroid (left and top border inside, right and bottom outside): to several
    where tiles overlap, to none where a remainder was dropped.

    Args:
        content: COCO json with ``images``, ``annotations``, ``categories``. Without ``centroid`` the box's centre is taken.
        settings: A ``TileSettings``.

    Returns:
        tuple: ``(list[PlannedFrame], skipped)``; ``skipped`` is ``[(what, reason), ...]`` of unusable frames and labels.

    Raises:
        ValueError: Not COCO; two entries of one id, two frames or categories of one name; an ``info`` that is no object.
    """
    images = content['images']
    check_entries(content, 'the annotation file')
    if not isinstance(content.get('info') or {}, dict):
        raise ValueError(f"the annotation file: its info is {str(content['info'])[:60]!r}, not an object. Convert the dataset again")
    twice = [name for name, count in Counter(str(image['file_name']) for image in images if 'file_name' in image).items() if count > 1]
    if twice:
        raise ValueError(f'the annotation file lists file_name {twice[0]!r} twice: convert the dataset again')
    make_uniform(content)
    labels, strays = labels_by_image(content)
    skipped = [(f"annotation {annotation['id']}", f"there is no image {annotation.get('image_id')!r}") for annotation in strays]
    known = {category['id'] for category in content['categories']}

    frames, stems = [], _stems(images)
    for image in images:
        reason, usable = _frame_fault(image, settings), []
        if not reason:
            usable, notes, reason = _labels_of(labels[image['id']], image, known)
            skipped += notes
        if reason:
            skipped.append((image.get('file_name') or f"image {image['id']}", reason))
            continue
        tiles = _tiles_of(image, usable, stems[image['file_name']], settings)
        frames.append(PlannedFrame(image, tiles, Counter(annotation['category_id'] for annotation in usable)))
    if content['annotations'] and not any(frame.objects for frame in frames):
        what, why = skipped[0] if skipped else ('the file', 'they lie in no frame')
        raise ValueError(f'none of the {len(content["annotations"])} annotations can be used, {what}: {why}. Correct the annotation file')
    return frames, skipped


def tiles_json(content: dict, frames: Sequence[PlannedFrame], settings: TileSettings) -> dict:
    """The tiles' annotation file: COCO json as ``coco_format``; each image has ``frame``, ``frame_id`` and ``offset`` [x, y]."""
    images: list[dict] = []
    annotations: list[dict] = []
    for frame in frames:
        carried = {key: value for key, value in frame.image.items() if key not in ('id', 'file_name', 'width', 'height')}
        for tile in frame.tiles:
            x1, y1, x2, y2 = tile.xyxy
            images.append(dict(id=len(images) + 1, file_name=tile.file_name, width=x2 - x1, height=y2 - y1) | carried
                          | dict(frame=frame.image['file_name'], frame_id=frame.image['id'], offset=[x1, y1]))
            for annotation in tile.annotations:
                annotations.append(dict(id=len(annotations) + 1, image_id=len(images)) | annotation)
    info = (content.get('info') or {}) | dict(tiles=settings.as_json())
    return dict(info=info, licenses=content.get('licenses') or [], images=images, annotations=annotations,
                categories=content['categories'])


def summarise(content: dict, frames: Sequence[PlannedFrame]) -> list[str]:
    """The counts of a plan as lines of text."""
    tiles = [tile for frame in frames for tile in frame.tiles]
    held = [Counter(annotation['frame_annotation_id'] for tile in frame.tiles for annotation in tile.annotations)
            for frame in frames]
    found = sum(len(counts) for counts in held)
    doubled = [count for counts in held for count in counts.values() if count > 1]
    lines = [f'frames: {sum(bool(frame.tiles) for frame in frames)} with tiles, of {len(frames)}',
             f'tiles: {len(tiles)}, {sum(bool(tile.annotations) for tile in tiles)} of them with objects']
    objects: Counter = sum((frame.objects for frame in frames), Counter())
    per_class = Counter(annotation['category_id'] for tile in tiles for annotation in tile.annotations)
    lines += [f"{category['name']}: {objects[category['id']]} in the frames, {per_class[category['id']]} in the tiles"
              for category in content['categories']]
    lines.append(f'objects in several tiles: {len(doubled)} (up to {max(doubled, default=0)} times); in none: '
                 f'{sum(objects.values()) - found}')
    return lines


def _labels_of(annotations, image, categories):
    """``(labels, [(what, reason), ...] of what is left out or replaced, why the frame cannot be used or None)``."""
    found = usable_labels(annotations, image, categories)
    notes = [(f"annotation {number} of {image['file_name']}", why) for number, why in (*found.outside, *found.replaced, *found.lost)]
    replaced, labels = {number for number, _ in found.replaced}, []
    for label in found.labels:
        # Rounded before tiles are cut, so that what lies in a tile still does after the shift; what is in the frame stays in it.
        last = np.array([image['width'], image['height']]) - 10.0 ** -_DECIMALS
        label |= dict(bbox=label['bbox'].round(_DECIMALS), centroid=np.minimum(label['centroid'].round(_DECIMALS), last))
        if label['id'] in replaced:
            label.pop('area', None)
        labels.append(label)
    reason = None
    if found.lost:
        number, why = found.lost[0]
        reason = f'annotation {number} cannot be used ({why}), and a tile with its object would count as free of it'
    return labels, notes, reason


def _frame_fault(image, settings):
    fault = image_fault(image)
    if fault:
        return f'it {fault}'
    if settings.grid and (settings.grid[0] > image['width'] or settings.grid[1] > image['height']):
        return f"{image['width']} x {image['height']} px are fewer than the grid has tiles"
    if not settings.grid and math.prod(-(-image[side] // (size - settings.overlap)) for side, size in
                                       zip(('width', 'height'), settings.size, strict=True)) > _MOST_TILES:
        return f"{image['width']} x {image['height']} px give more than {_MOST_TILES} tiles"
    return None


def _stems(images):
    """What the tiles of each frame are called by: its file_name without suffix, or with it where that is another's, too."""
    names = [name for name in (image.get('file_name') for image in images) if isinstance(name, str) and name]
    plain = {name: str(PurePosixPath(name).with_suffix('')) for name in names}
    shared = {stem for stem, count in Counter(plain.values()).items() if count > 1}
    stems = {name: str(PurePosixPath(name)) if stem in shared else stem for name, stem in plain.items()}
    twice = [stem for stem, count in Counter(stems.values()).items() if count > 1]
    if twice:
        raise ValueError(f'tiles of two frames would both be called {twice[0]!r}: rename one of them')
    return stems


def _tiles_of(image, annotations, stem, settings):
    """The ``Tile`` s kept of a frame."""
    if settings.keep == 'labelled' and not (annotations and image.get('labelled', True)):
        return ()
    grid = settings.tiles(image['width'], image['height'])
    centroids = np.array([annotation['centroid'] for annotation in annotations]).reshape(-1, 1, 2)
    holds = ((centroids >= grid[:, :2]) & (centroids < grid[:, 2:])).all(axis=2)
    tiles = []
    for xyxy, held in zip(grid.tolist(), holds.T, strict=True):
        if held.any() or settings.keep == 'all':
            cut = tuple(_cut(annotations[index], xyxy) for index in np.flatnonzero(held))
            tiles.append(Tile(tuple(xyxy), fitted(stem, f'_x{xyxy[0]}_y{xyxy[1]}.{settings.format}'), cut))
    return tuple(tiles)


def _cut(annotation, tile):
    """A measured annotation cut at a tile's border and moved into the tile; ``frame_annotation_id`` is the id it had."""
    offset, limits = np.array(tile[:2]), np.array(tile)
    corners = annotation['bbox']
    inside = np.concatenate([np.maximum(corners[:2], limits[:2]), np.minimum(corners[2:], limits[2:])])
    sides = inside[2:] - inside[:2]
    moved = {key: value for key, value in annotation.items() if key not in ('id', 'image_id', 'segmentation')}
    moved |= dict(bbox=_tidy([*(inside[:2] - offset), *sides]), centroid=_tidy(annotation['centroid'] - offset),
                  frame_annotation_id=annotation['id'])
    polygons = [part for polygon in annotation['segmentation'] for part in clip_polygon(polygon, tile)]
    if polygons:
        moved['segmentation'] = [_tidy((polygon - offset).ravel()) for polygon in polygons]
    if 'area' not in moved or (inside != corners).any():
        moved['area'] = _tidy([sum(map(polygon_area, polygons)) if polygons else sides.prod()])[0]
    return moved


def _tidy(values):
    """Rounded, and whole numbers as int: half the file's size."""
    return [int(value) if value == int(value) else value for value in (round(float(value), _DECIMALS) for value in values)]
