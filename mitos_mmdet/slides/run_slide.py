"""``run_slide``: one slide or frame from file to results, written so that ``summary.json`` stands for a finished slide."""

import json
import os
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import mitos_mmdet
from mitos_mmdet.core.files import replacing
from mitos_mmdet.core.names import printable
from mitos_mmdet.core.output_folder import locked
from mitos_mmdet.core.outputs import check_outputs
from mitos_mmdet.slides.atypical import with_atypical
from mitos_mmdet.slides.check_pixel_size import check_fine_enough, need_um_per_px
from mitos_mmdet.slides.count_slide import count_slide
from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.fingerprint import fingerprint
from mitos_mmdet.slides.he_colours import he_fault
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.outputs.geojson import bounds_offset
from mitos_mmdet.slides.outputs.summary_json import plain, write_summary
from mitos_mmdet.slides.roi import read_roi
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.slide_stain import slide_stain
from mitos_mmdet.slides.tissue import tissue_mask
from mitos_mmdet.slides.write_outputs import FILES, write_outputs

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel

SUMMARY = 'summary.json'
UNFINISHED = '.unfinished'  # lies in the folder from the first result to the summary
# Ours: a picture up to this size was chosen by somebody who wants all of it looked at, so no tissue mask restricts the search.
_FRAME_MM2 = 5.0
_ENLARGED = 1.5  # Ours: from here on it is said that the slide is coarser than the model's images.
_LEAST_TISSUE = 0.02  # Ours: of such a picture; less is no tissue, or none that the mask knows.


def run_slide(path: str | Path, model: 'LoadedModel', out_dir: str | Path, settings: SlideSettings | None = None,
              progress: Callable[[int, int], None] | None = None, workers: int = 1, held: bool = False,
              second_progress: Callable[[int, int], None] | None = None) -> dict:
    """Detects, counts and writes everything about one slide.

    Earlier results in the folder are replaced: ``summary.json`` goes first and comes back last, so a run that is killed leaves a slide
    that is not finished, and never a mixture that looks finished. One that fails or is interrupted removes what it has written.

    Args:
        path: Slide or frame.
        model: ``LoadedModel``.
        out_dir: The slide's own folder.
        settings: ``SlideSettings``; None: the defaults.
        progress, second_progress: As of ``detect``.
        workers: Threads that read.
        held: The caller holds the folder's lock.

    Returns:
        dict: The content of ``summary.json``.

    Raises:
        ValueError: The slide cannot be used (``SlideError``), the folder holds results of another one, another run is at work in it, or it
            cannot be written.
    """
    settings, out_dir, started = settings or SlideSettings(), Path(out_dir), time.perf_counter()
    stamp = fingerprint(path, model, settings)
    check_outputs({name: out_dir / name for name in (*FILES.values(), SUMMARY)}, [path, settings.roi])
    with _opened(path, settings.um_per_px) as slide, nullcontext() if held else locked(out_dir):
        _check_its_own(out_dir, path, stamp)
        need_um_per_px(slide)
        check_fine_enough(slide, model.um_per_px)
        results = _found(slide, model, settings, progress, workers, second_progress)
        _remove_earlier(out_dir)
        try:
            summary = _write(out_dir, slide, settings, *results)
            summary = plain({**summary, 'seconds': round(time.perf_counter() - started, 3), 'fingerprint': stamp})
            write_summary(out_dir / SUMMARY, summary)
        except BaseException:  # a full disk, Ctrl-C: no part of the results stays
            with suppress(OSError):
                _remove(out_dir, SUMMARY, *FILES.values(), UNFINISHED)
            raise
        _remove(out_dir, UNFINISHED)
    return summary


def _check_its_own(out_dir, path, stamp):
    """Refuses a folder with results of another slide that is still there: 01/1.tif and 02/1.tif would share it, one run after the other."""
    try:
        earlier = json.loads((out_dir / SUMMARY).read_text(encoding='utf-8'))
        other = earlier['input']
        if os.path.samefile(other, path) or earlier['fingerprint']['input'] == stamp['input']:  # or a copy of it
            return
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return
    raise ValueError(f'{out_dir}: holds the results of another slide, {printable(other)}. Choose another output folder, or remove it')


def _opened(path, um_per_px):
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', '.*as given is used')  # it is among the slide's notes
        return open_slide(path, um_per_px=um_per_px)


def _found(slide, model, settings, progress, workers, second_progress):
    """``(Detections, SlideCount, TissueMask or None, Roi or None, what is told of the run)``."""
    roi = None if settings.roi is None else read_roi(settings.roi, slide, settings.qupath_offset)
    thumbnail = slide.thumbnail(1000, slide.bounds)
    tissue = tissue_mask(slide)
    notes = [*model.notes, *slide.notes]
    fault = he_fault(thumbnail)
    if fault:
        notes.append(f'This does not look like H&E ({fault}): the counts mean nothing if it is not.')
    if max(slide.um_per_px) > _ENLARGED * model.um_per_px:
        notes.append(f'The image has {max(slide.um_per_px):.3g} µm/px and was enlarged to the {model.um_per_px:.3g} of the model, which '
                     f'may miss mitotic figures on it.')
    area_mm2 = np.prod(slide.size) * np.prod(slide.um_per_px) / 1e6
    searched = None if area_mm2 <= _FRAME_MM2 else tissue
    stain, reason = slide_stain(slide, model, searched) if settings.normalize_stain else (None, 'switched off')
    if model.normalizer is not None and stain is None:
        notes.append(f'Its stain was not normalised ({reason}).')
    tiles = []
    found = detect(slide, model, roi, searched, settings.batch_size, workers=workers,
                   stain=(stain or 'slide') if settings.normalize_stain else None,  # the second reader has a stain of its own
                   progress=_counting(progress, tiles), second_progress=second_progress)
    threshold = model.threshold if settings.threshold is None else settings.threshold
    if model.atypical is not None:
        found = with_atypical(slide, found, model.atypical, threshold, model.device)
    if searched is None and tissue.share < _LEAST_TISSUE:
        notes.append('No tissue was recognised, so the area is that of the whole image.')
        tissue = None
    count = count_slide(found, settings, threshold, slide.bounds, tissue, roi)
    about = dict(
        program=f'mitos_mmdet {mitos_mmdet.__version__}', warnings=notes, input=printable(os.path.abspath(slide.path)), size_px=slide.size,
        um_per_px=slide.um_per_px, um_per_px_from='the user' if settings.um_per_px is not None else 'the file', bounds_px=slide.bounds,
        geojson_offset_px=bounds_offset(slide, settings.qupath_offset),
        model=dict(name=model.name, sha256=model.sha256, um_per_px=model.um_per_px, engine=model.engine, device=model.device,
                   precision=model.precision,
                   second_reader=model.second_reader and dict(name=model.second_reader.name, sha256=model.second_reader.sha256),
                   atypical=model.atypical and dict(name=model.atypical.name, sha256=model.atypical.sha256)),
        threshold=threshold, threshold_from=model.threshold_from if settings.threshold is None else 'the user',
        tiles=tiles[-1] if tiles else 0, stain=stain and stain.to_dict(), tissue_mm2=tissue and tissue.area_mm2)
    return found, count, tissue, roi, about


def _write(out_dir, slide, settings, found, count, tissue, roi, about):
    """Writes every file but the summary, and returns the summary."""
    files = write_outputs(out_dir, slide, found, count, tissue, roi, settings, about)
    counts = count.as_dict()
    return dict(about, **{**counts, 'notes': [*about['warnings'], *counts['notes']]}, files=files)


def _remove_earlier(out_dir):
    with replacing(out_dir / UNFINISHED) as mark:
        mark.write('The results here are incomplete: run the same command again.\n')
    _remove(out_dir, SUMMARY, *FILES.values())


def _remove(out_dir, *names):
    for name in names:
        (out_dir / name).unlink(missing_ok=True)


def _counting(progress, tiles):
    """``progress`` that also keeps the number of tiles done."""
    def call(done, total):
        tiles[:] = [done]
        if progress is not None:
            progress(done, total)
    return call
