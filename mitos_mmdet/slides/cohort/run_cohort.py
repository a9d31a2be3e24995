"""``run_cohort``: every slide that is not finished yet, then the table and the page of all."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from mitos_mmdet.core.files import OutputError
from mitos_mmdet.core.output_folder import FolderInUseError, locked
from mitos_mmdet.slides.cohort.cohort_page import write_cohort_page
from mitos_mmdet.slides.cohort.in_process import in_process
from mitos_mmdet.slides.cohort.on_ray import on_ray
from mitos_mmdet.slides.cohort.table import CohortRow, write_table
from mitos_mmdet.slides.cohort.work import BUSY, DONE, FAILED, KEPT, STOP, SlideJob, finished, reason_of
from mitos_mmdet.slides.fingerprint import BESIDE
from mitos_mmdet.slides.settings import SlideSettings

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel
    from mitos_mmdet.slides.cohort.cohort_slide import CohortSlide

_POLL_S = 0.5


def run_cohort(slides: 'Sequence[CohortSlide]', out_dir: str | Path, factory: 'Callable[[], LoadedModel]',
               settings: SlideSettings | None = None, workers: int = 1, address: str | None = None, cpus: int = 1, gpus: float = 0,
               say: Callable[[str], None] | None = None) -> list:
    """Runs a cohort, or goes on with it.

    A slide is finished if its ``summary.json`` holds the fingerprint of the same input, model and settings; all else is done again. Several
    runs may work on one output folder: each slide is locked by the run that works on it, and the others wait for it in the end.

    Args:
        slides: List of ``CohortSlide`` with ``folder``.
        out_dir: Folder of the cohort.
        factory: ``factory()`` gives the ``LoadedModel``; picklable where there are several workers.
        settings: ``SlideSettings`` of all; a slide's own um/px and ROI go first.
        workers: 1 and no address: in this process, one after the other. More: actors of Ray Data.
        address: Of a Ray cluster.
        cpus, gpus: Of each worker.
        say: Called with a line of text for each slide that ends.

    Returns:
        list[CohortRow]: In the order of the slides.

    Raises:
        ValueError: The model cannot be loaded, or nothing can be written there.
    """
    out_dir, settings, say = Path(out_dir), settings or SlideSettings(), say or (lambda line: None)
    model = factory()
    alone = workers == 1 and address is None
    facts = _facts(model)
    if not alone:
        del model  # each worker has its own; this one was only needed to know what is finished
    jobs = [SlideJob(place, str(slide.path), str(out_dir / slide.folder), _own(settings, slide)) for place, slide in enumerate(slides)]
    states = dict(_known(jobs, facts))
    for place, (state, reason) in states.items():
        if state == FAILED:
            say(f'{slides[place].path.name}: failed: {reason}')
    todo = [job for job in jobs if job.place not in states]
    while todo:
        if alone:
            results = in_process(todo, model, cpus)
        else:
            results = on_ray(todo, factory, min(workers, len(todo)), uuid.uuid4().hex, address, cpus, gpus)
        busy = []
        for place, state, reason in results:
            if state == STOP:
                raise OutputError(reason)
            if state == BUSY:
                busy.append(jobs[place])
                continue
            states[place] = state, reason
            say(f"[{len(states)}/{len(slides)}] {slides[place].path.name}: {state}{reason and f': {reason}'}")
        todo = _released(busy)
    return [_row(slide, job, states, facts) for slide, job in zip(slides, jobs, strict=True)]


def write_cohort(out_dir: str | Path, rows: Sequence[CohortRow], stem: str = 'cohort') -> tuple:
    """Writes ``cohort.csv`` and ``cohort.html``; returns the paths."""
    table, page = (Path(out_dir) / f'{stem}.{kind}' for kind in ('csv', 'html'))
    write_table(table, rows)
    write_cohort_page(page, rows, table.name)
    return table, page


def counts_of(rows: Sequence[CohortRow]) -> Counter:
    """``{status: number of slides}``."""
    return Counter(row.status for row in rows)


def _own(settings, slide):
    return settings.but(um_per_px=slide.um_per_px or settings.um_per_px, roi=slide.roi or settings.roi)


def _facts(model):
    """What a fingerprint needs of a model, without its network."""
    beside = {name: getattr(model, name, None) for name in BESIDE}
    own = {name: getattr(model, name) for name in ('sha256', 'threshold', 'um_per_px', 'precision', 'tile_size', 'overlap')}
    return SimpleNamespace(**own, **{name: network and SimpleNamespace(sha256=network.sha256) for name, network in beside.items()})


def _known(jobs, facts):
    """``(place, (state, reason))`` of the slides that are finished, or not there."""
    for job in jobs:
        try:
            if finished(job, facts) is not None:
                yield job.place, (KEPT, '')
        except ValueError as error:
            yield job.place, (FAILED, reason_of(error, job.path))


def _released(busy):
    """Waits until no other run holds any of the slides, and gives them back."""
    for job in busy:
        while True:
            try:
                with locked(job.out_dir):
                    break
            except FolderInUseError:
                time.sleep(_POLL_S)
    return busy


def _row(slide, job, states, facts):
    state, reason = states.get(job.place, (FAILED, 'no worker reported on it. Run it again'))
    if state in (DONE, KEPT):
        summary = finished(job, facts)
        # Between its end and now another run may have begun with it anew, with another model, say.
        return CohortRow(slide, DONE, '', summary) if summary else CohortRow(slide, FAILED, 'its results were changed by another run')
    return CohortRow(slide, state, reason)
