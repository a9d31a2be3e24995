"""Every file of a slide but ``summary.json``."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.outputs.annotated_picture import MOST_PX, write_annotated_picture
from mitos_mmdet.slides.outputs.detections_csv import write_csv
from mitos_mmdet.slides.outputs.geojson import bounds_offset, write_geojson
from mitos_mmdet.slides.outputs.grand_challenge_json import write_grand_challenge
from mitos_mmdet.slides.outputs.overview_png import draw_overview, write_overview
from mitos_mmdet.slides.outputs.slide_page import write_slide_page

if TYPE_CHECKING:
    from mitos_mmdet.slides.count_slide import SlideCount
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.settings import SlideSettings
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

# What may be asked for, and its file.
FILES = {'csv': 'detections.csv', 'geojson': 'detections.geojson', 'grand-challenge': 'mitotic-figures.json', 'overview': 'overview.png',
         'picture': 'annotated.jpg', 'page': 'index.html'}
_ABOUT = {'csv': 'detections as a table', 'geojson': 'detections, hotspot and tissue for QuPath',
          'grand-challenge': 'mitotic figures as grand-challenge takes them', 'overview': 'overview with hotspot and tissue',
          'picture': 'the image with its detections, at full resolution'}
_ENGINES = {'openvino': 'OpenVINO', 'torch': 'PyTorch'}


def write_outputs(out_dir: Path, slide: 'Slide', found: Detections, count: 'SlideCount', tissue: 'TissueMask | None', roi: 'Roi | None',
                  settings: 'SlideSettings', about: dict) -> dict:
    """Writes what ``settings.outputs`` names, each file whole or not at all.

    CSV, GeoJSON and picture hold what scores at least the threshold: the mitotic figures first, in the order that numbers them
    everywhere, then the other classes. The grand-challenge file also holds the candidates below.

    Args:
        out_dir: ``Path`` of the slide's folder.
        slide: ``Slide``.
        found: ``Detections`` of every score.
        count: ``SlideCount``.
        tissue, roi: ``TissueMask``; ``Roi`` or None.
        settings: ``SlideSettings``.
        about: What the page tells of the run.

    Returns:
        dict: ``{output: file name}`` of what was written.
    """
    wanted = [name for name in FILES if name in settings.outputs]
    if np.prod(slide.size) > MOST_PX:
        wanted = [name for name in wanted if name != 'picture']
    counted = shown_detections(found, count)
    offset = bounds_offset(slide, settings.qupath_offset)
    overview = functools.cache(lambda: draw_overview(slide, count, tissue, roi))  # drawn once for both files that show it
    writers = {
        'csv': lambda path: write_csv(path, counted),
        'geojson': lambda path: write_geojson(path, counted, offset, count.hotspot, tissue, roi),
        'grand-challenge': lambda path: write_grand_challenge(path, found, count.threshold),
        'overview': lambda path: write_overview(path, overview()),
        'picture': lambda path: write_annotated_picture(path, slide, count, roi),
        'page': lambda path: write_slide_page(path, slide, count, overview(), provenance(about),
                                              [(FILES[name], _ABOUT[name]) for name in wanted if name != 'page'], about['warnings'], roi),
    }
    for name in wanted:
        writers[name](out_dir / FILES[name])
    return {name: FILES[name] for name in wanted}


def shown_detections(found: Detections, count: 'SlideCount') -> 'Detections':
    """``Detections`` from the threshold on: the mitotic figures as ``count`` numbers them, then the other classes by falling score."""
    first = count.mitoses
    rest = found.take(found.labels != found.classes.index(MITOSIS)).where(count.threshold)
    joined = {name: np.concatenate([getattr(first, name), getattr(rest, name)]) for name in ('points', 'scores', 'labels', 'boxes')}
    atypical = None if found.atypical is None else np.concatenate([first.atypical, rest.atypical])
    return Detections(**joined, um_per_px=found.um_per_px, size=found.size, classes=found.classes, atypical=atypical)


def provenance(about: dict) -> dict:
    """``{what: text}`` for the page."""
    model = about['model']
    return {'Program': about['program'], 'Input': about['input'],
            'Pixel size': f"{about['um_per_px'][0]:.4g} x {about['um_per_px'][1]:.4g} µm/px, from {about['um_per_px_from']}",
            'Model': f"{_network(model)}, at {model['um_per_px']:.4g} µm/px, run by {_ENGINES.get(model['engine'], model['engine'])} in "
                     f"{model['precision']}",
            **{title: _network(model[name]) for name, title in (('second_reader', 'Second reader'), ('atypical', 'Classifier'))
               if model.get(name)},
            'Threshold from': about['threshold_from'],
            'Stain': 'normalised, one estimate for the whole image' if about['stain'] else 'not normalised'}


def _network(about):
    return f"{about['name']} (SHA-256 {about['sha256'][:12]})"
