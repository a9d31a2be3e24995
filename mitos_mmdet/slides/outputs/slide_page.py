"""The HTML page of a slide: one file that holds all it shows, from which the count can be checked by eye."""

import functools
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mitos_mmdet.core.digits import rounded
from mitos_mmdet.core.files import replacing
from mitos_mmdet.slides.grade import DISCLAIMER
from mitos_mmdet.slides.outputs.annotated_picture import MOST_PX, annotated_picture
from mitos_mmdet.slides.outputs.crops import CROP_UM, crop, jpeg_uri, mosaic
from mitos_mmdet.slides.outputs.overview_png import draw_overview, is_small
from mitos_mmdet.slides.outputs.palette import COLOURS

if TYPE_CHECKING:
    from PIL import Image

    from mitos_mmdet.slides.count_slide import SlideCount
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide

MOST_ELSEWHERE = 240  # Ours: crops outside the hotspot, those of the highest scores; 240 are about 2 MB.
MOST_INSIDE = 600  # Ours: crops of the hotspot.
MOST_BELOW = 60  # Ours: crops of what scores slightly less than the threshold, in the hotspot and outside of it.
_PICTURE_SIDE = 1500  # px, ours: of the annotated picture; about 1 MB.
_RING_UM = 11.0  # Ours: radius of the ring around a detection; it leaves the mitotic figure free.


def write_slide_page(path: str | Path, slide: 'Slide', count: 'SlideCount', overview: 'Image.Image | None' = None,
                     provenance: Mapping[str, str] | None = None, files_beside: Sequence[tuple[str, str]] = (),
                     warnings: Sequence[str] = (), roi: 'Roi | None' = None) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: The HTML file.
        slide: ``Slide``; read in tiles of the hotspot, crops and a thumbnail.
        count: ``SlideCount``.
        overview: From ``draw_overview``; None draws one without tissue and region of interest. Small images are shown by the annotated
            picture alone.
        provenance: ``{what: text}`` of model, threshold, versions and the like, shown as it is.
        files_beside: ``[(file name, what it is)]`` of the slide's other files, linked.
        warnings: Sentences that a reader must know first, such as that it does not look like H&E.
        roi: ``Roi`` or None; outlined in the annotated picture.
    """
    with replacing(path) as file:
        file.write(slide_page(slide, count, overview, provenance, files_beside, warnings, roi))


def slide_page(slide: 'Slide', count: 'SlideCount', overview: 'Image.Image | None' = None,
               provenance: Mapping[str, str] | None = None, files_beside: Sequence[tuple[str, str]] = (),
               warnings: Sequence[str] = (), roi: 'Roi | None' = None) -> str:
    """The page as text; arguments as of ``write_slide_page``."""
    found, spot = count.mitoses, count.hotspot
    total, inside = len(found), 0 if spot is None else spot.count
    picture = annotated_picture(slide, count, roi, _PICTURE_SIDE) if math.prod(slide.size) <= MOST_PX else None
    overview = None if picture and is_small(slide, count) else overview or draw_overview(slide, count)
    shown = [*range(min(inside, MOST_INSIDE)), *range(inside, min(total, inside + MOST_ELSEWHERE))]
    atypical = count.is_atypical
    cards = [_card(slide, found, index, index + 1, atypical is not None and bool(atypical[index])) for index in shown]
    near, far = _below(count)
    below_inside, below_elsewhere = ([_card(slide, count.below, index, total + index + 1, below=True) for index in chosen[:MOST_BELOW]]
                                     for chosen in (near, far))
    return _template().render(
        style=Markup(_text('slide_page.css')), script=Markup(_text('slide_page.js')),
        title=slide.path.name, count=count, spot=spot, total=total, inside=inside, view=spot and _view(slide, count, near[:MOST_BELOW]),
        atypical=None if atypical is None or not total else int(atypical.sum()),
        cards_inside=[card for card in cards if card['number'] <= inside],
        cards_elsewhere=[card for card in cards if card['number'] > inside],
        below_inside=below_inside, below_elsewhere=below_elsewhere, num_below=len(near) + len(far),
        first_score=f'{found.scores[0]:.2f}' if total else None, picture=picture and _embedded(picture),
        overview=overview and _embedded(overview), crop_um=CROP_UM, colours=COLOURS,
        main=count.grades[0], grades=count.grades, rules=Markup(_json([_rule(each) for each in count.grades])), disclaimer=DISCLAIMER,
        size_mm=[side * um / 1000 for side, um in zip(slide.size, found.um_per_px, strict=True)], um_per_px=found.um_per_px,
        warnings=warnings, provenance=list((provenance or {}).items()), files_beside=files_beside)


@functools.cache
def _template():
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=rounded, percent=lambda share: f'{share:.0%}')
    return environment.from_string(_text('slide_page.html.j2'))


def _embedded(image):
    return dict(uri=jpeg_uri(image, 88), width=image.width, height=image.height)


def _below(count):
    """Indices into ``count.below`` of those in the hotspot, and of the others."""
    inside = count.hotspot.contains(count.below.points_um) if count.hotspot else np.zeros(len(count.below), bool)
    return np.flatnonzero(inside).tolist(), np.flatnonzero(~inside).tolist()


def _card(slide, found, index, number, atypical=False, below=False):
    """What the gallery shows of one detection."""
    x, y = found.points[index]
    return dict(number=number, x=round(float(x)), y=round(float(y)), score=f'{found.scores[index]:.2f}',
                atypical=atypical, below=below,
                uri=jpeg_uri(crop(slide, (x, y), found.um_per_px)))


def _view(slide, count, below):
    """The hotspot as tiles, with the places of its detections and of those ``below`` the threshold in their px."""
    box = [um / side for um, side in zip(count.hotspot.box_um, count.mitoses.um_per_px * 2, strict=True)]
    tiles = mosaic(slide, box, count.mitoses.um_per_px)
    points = np.concatenate([count.mitoses.points[:count.hotspot.count], count.below.points[below]])
    numbers = [*range(1, count.hotspot.count + 1), *(len(count.mitoses) + index + 1 for index in below)]
    places = (points - box[:2]) * [tiles.width / (box[2] - box[0]), tiles.height / (box[3] - box[1])]
    return dict(tiles=tiles.tiles, width=tiles.width, height=tiles.height, um_per_px=tiles.um_per_px, radius=_RING_UM / tiles.um_per_px,
                circle=count.hotspot.shape == 'circle',
                marks=[(number, round(float(x), 1), round(float(y), 1), number > len(count.mitoses))
                       for number, (x, y) in zip(numbers, places, strict=True)])


def _rule(grade):
    return dict(title=grade.rule.title, from2=grade.rule.from_2, from3=grade.rule.from_3, area=grade.rule.area_mm2,
                graded=grade.score is not None)


def _json(content):
    """JSON that cannot end the script element it stands in."""
    return json.dumps(content).replace('<', '\\u003c')


def _text(name):
    return (files(__package__) / name).read_text(encoding='utf-8')
