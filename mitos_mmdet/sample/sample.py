"""The sample's folder: written in MIDOG++'s own layout, killed and resumed without a trace.

    OUT/MIDOG++.json              boxes x1,y1,x2,y2 of 50 x 50 px, categories 1 and 2, votes
    OUT/datasets_xvalidation.csv  split and scanner of each image
    OUT/images/001.tiff ...       with um/px in their resolution tags

The annotations come first, from the plans alone; a TIFF appears whole or not at all. So what is missing is what is left to do.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from mitos_mmdet.core.files import draft, remove_drafts, replacing
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.output_folder import LOCK, locked
from mitos_mmdet.sample.plan import FramePlan

from .plan import frame_rng, plan_frame
from .render import render_frame

ANNOTATIONS, SPLITS, IMAGES = 'MIDOG++.json', 'datasets_xvalidation.csv', 'images'
BOX_SIZE_PX = 50  # MIDOG
TUMOR = 'synthetic carcinoma'
_DESCRIPTION = 'Synthetic H&E frames made by mitos_mmdet, no tissue of any patient'
_VERSION = 1  # raise it when the pictures change: a folder begun by an older version is not finished by this one
_SIDES_PX = (128, 8192)
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _PREDICTOR, _CENTIMETRE, _HORIZONTAL = 282, 283, 296, 317, 3, 2


def make_sample(out: str | Path, frames: int = 24, size: tuple[int, int] = (1024, 768), seed: int = 0, force: bool = False,
                workers: int = 2, progress: bool = True) -> list:
    """Writes the sample, or what is left of it.

    Args:
        out: Folder, made if need be.
        frames: How many, at least 2 (ours: 16 to train on, 8 to test on).
        size: ``(width, height)`` px (ours).
        seed: Any whole number from 0; the same arguments give the same bytes.
        force: Write into a folder that holds something else, and draw every frame anew. Only files of an earlier sample are
            ever overwritten.
        workers: Frames drawn at a time (ours).
        progress: Show a bar on stderr.

    Returns:
        list: The :class:`FramePlan` of each frame.

    Raises:
        ValueError: A bad argument; a folder that holds something else and no ``force``; real contest files in the way.
    """
    width, height = size
    settings = _settings(frames, width, height, seed)
    out = Path(out)
    with locked(out):
        _claim(out, settings, force)
        plans = [plan_frame(index, frames, width, height, seed) for index in range(frames)]
        write_json(annotations(plans, seed, settings), out / ANNOTATIONS)
        with replacing(out / SPLITS, newline='\n') as file:
            file.write(splits(plans))
        left = [plan for plan in plans if not _image_path(out, plan.number).exists()]
        with ThreadPoolExecutor(workers) as pool, tqdm(total=frames, initial=frames - len(left), desc='frames',
                                                       disable=not progress) as bar:
            for _ in pool.map(lambda plan: write_frame(plan, seed, _image_path(out, plan.number)), left):
                bar.update()
    return plans


def annotations(plans: Sequence[FramePlan], seed: int, settings: dict) -> dict:
    """The content of ``MIDOG++.json`` for these plans."""
    images: list[dict] = []
    labels: list[dict] = []
    for plan in plans:
        images.append(dict(license=1, file_name=f'{plan.number:03d}.tiff', id=plan.number, width=plan.width,
                           height=plan.height, tumor_type=TUMOR))
        rng = frame_rng(seed, plan.number - 1, 2)
        for figure in plan.figures:
            category = 1 if figure.is_mitosis else 2
            x, y = (round(value / plan.scanner.um_per_px) - BOX_SIZE_PX // 2 for value in (figure.x_um, figure.y_um))
            # Two pathologists vote; where they differ (one time in six, ours) a third decides.
            votes = [category, category] if rng.random() > 1 / 6 else [category, 3 - category, category]
            labels.append(dict(bbox=[x, y, x + BOX_SIZE_PX, y + BOX_SIZE_PX], category_id=category, image_id=plan.number,
                               labels=votes, id=len(labels) + 1))
    return dict(info=dict(description=_DESCRIPTION, version='1.0', contributor='mitos_mmdet', sample=settings),
                licenses=[dict(url='https://creativecommons.org/publicdomain/zero/1.0/', id=1, name='CC0')], images=images,
                categories=[dict(id=1, name='mitotic figure'), dict(id=2, name='not mitotic figure')], annotations=labels)


def splits(plans: Sequence[FramePlan]) -> str:
    """The content of ``datasets_xvalidation.csv`` for these plans."""
    rows = [f'{plan.number};{plan.split};{TUMOR};{plan.scanner.name};mitos_mmdet;Synthetic' for plan in plans]
    return '\n'.join(['Slide;Dataset;Tumor;Scanner;Origin;Species', *rows, ''])


def write_frame(plan: FramePlan, seed: int, path: str | Path) -> None:
    """Draws a frame into a deflated TIFF, whole or not at all."""
    picture = Image.fromarray(render_frame(plan, seed))
    per_cm = 10000 / plan.scanner.um_per_px
    tags = {_X_RESOLUTION: per_cm, _Y_RESOLUTION: per_cm, _RESOLUTION_UNIT: _CENTIMETRE, _PREDICTOR: _HORIZONTAL}
    with draft(path) as name:
        picture.save(name, 'TIFF', compression='tiff_deflate', tiffinfo=tags)


def _settings(frames, width, height, seed):
    if frames < 2:
        raise ValueError(f'{frames} frames: at least 2 are needed, one to train on and one to test on')
    low, high = _SIDES_PX
    if not (low <= width <= high and low <= height <= high):
        raise ValueError(f'size {width}x{height}: each side must be {low} to {high} px, e.g. 1024x768')
    if seed < 0:
        raise ValueError(f'seed {seed}: give a whole number from 0')
    return dict(frames=frames, width=width, height=height, seed=seed, version=_VERSION)


def _claim(out, settings, force):
    """Makes sure that ``out`` may be written to; with ``force``, takes an older sample's frames away."""
    remove_drafts(out)  # a run killed in its first moment leaves no more
    held = [path.name for path in out.iterdir() if path.name != LOCK]
    old = _settings_of(out / ANNOTATIONS)
    if not old:
        # Most likely the contest's own data: not even --force may touch it.
        ours = (out / ANNOTATIONS, out / SPLITS, *(_image_path(out, number + 1) for number in range(settings['frames'])))
        foreign = next((path for path in ours if path.exists()), None)
        if foreign:
            raise ValueError(f'{foreign}: not made by this tool, and never overwritten by it. Give an empty folder')
    if held and old != settings and not force:
        what = f'another sample ({", ".join(f"{key} {value}" for key, value in old.items())})' if old else 'something else'
        raise ValueError(f'{out}: holds {what}. Give an empty folder, or --force to write into this one')
    if force and old:
        for number in range(1, old['frames'] + 1):
            _image_path(out, number).unlink(missing_ok=True)


def _settings_of(path):
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return content['info']['sample'] if content['info']['description'] == _DESCRIPTION else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _image_path(out, number):
    return out / IMAGES / f'{number:03d}.tiff'
