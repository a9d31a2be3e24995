"""Slides on Ray Data: tasks open and check them, actors that hold the model detect. Only paths and results pass through Ray."""

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.slide_files import dicom_series
from mitos_mmdet.slides.check_pixel_size import need_um_per_px
from mitos_mmdet.slides.cohort.work import FAILED, SlideJob, reason_of, work
from mitos_mmdet.slides.open_slide import open_slide

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel

_IN_FLIGHT = 2  # Ours: slides per actor, one in work and one that waits.
_STORE_BYTES = 200 * 2**20  # Ours: paths only; Ray would take 30 % of the memory.


def on_ray(jobs: Sequence[SlideJob], factory: 'Callable[[], LoadedModel]', workers: int, run: str, address: str | None = None,
           cpus: int = 1, gpus: float = 0) -> Iterator[tuple]:
    """Yields ``work``'s result of each job, in the order in which they end.

    A worker that dies is started anew and its slide tried once more; a slide of which it dies again is reported and left.

    Args:
        jobs: List of ``SlideJob``.
        factory: ``factory()`` gives the ``LoadedModel``; must be picklable.
        workers: Actors.
        run: Name of this run.
        address: Of a Ray cluster, as ``'auto'``; None: one is started on this machine, with the cores this process may use.
        cpus, gpus: Of each actor.

    Raises:
        ValueError: No cluster at the address; no actor can load the model.
    """
    import ray
    import ray.data

    with _started(ray, address, workers * cpus):
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        rows = [dict(job=pickle.dumps(replace(job, run=run)), path=job.path) for job in jobs]
        slides = ray.data.from_items(rows, override_num_blocks=len(rows))
        # Tasks need no core of their own: with every core held by an actor they would wait for ever.
        slides = slides.map(_checked, num_cpus=0, concurrency=max(2, workers))
        slides = slides.map(_Worker, fn_constructor_args=(factory, max(1, int(cpus))), num_cpus=cpus, num_gpus=gpus,
                            compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=_IN_FLIGHT))
        try:
            for row in slides.iter_rows():
                yield int(row['place']), str(row['state']), str(row['reason'])
        except ray.exceptions.RayError as error:
            raise ValueError(f'Ray stopped: {one_line(error)[-500:]}. Run it again: it goes on where it stopped') from error


def _checked(row):
    """A task: whether the slide opens and has um/px, so that no actor is kept from work by a slide that cannot be used.

    Not of DICOM, whose library can crash on a damaged header: an actor that dies is counted and its slide given up, a task is tried again.
    """
    job = pickle.loads(row['job'])
    reason = ''
    if dicom_series(Path(job.path)) is not None:
        return dict(job=row['job'], reason=reason)
    try:
        with open_slide(job.path, um_per_px=job.settings.um_per_px) as slide:
            need_um_per_px(slide)
    except Exception as error:  # decoders raise everything
        reason = reason_of(error, job.path)
    return dict(job=row['job'], reason=reason)


class _Worker:
    """An actor: one model, one slide after the other."""

    def __init__(self, factory, cores):
        self._model, self._cores = factory(), cores

    def __call__(self, row):
        job = pickle.loads(row['job'])
        place, state, reason = (job.place, FAILED, row['reason']) if row['reason'] else work(job, self._model, self._cores)
        return dict(place=place, state=state, reason=reason)


@contextmanager
def _started(ray, address, cpus):
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault('RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO', '0')  # workers without a GPU of their own: no warning about it
    os.environ.setdefault('RAY_BACKEND_LOG_LEVEL', 'fatal')  # its C++ prints past Python's logging
    local = dict(num_cpus=max(1, round(cpus)), object_store_memory=_STORE_BYTES) if address is None else {}
    try:
        ray.init(address=address or 'local', include_dashboard=False if address is None else None, log_to_driver=False,
                 logging_level=logging.ERROR, **local)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f'--address {address}: no Ray cluster to be reached ({one_line(error)[:200]}). Check it with "ray status"; if '
                         f'the cluster wants a token, set RAY_AUTH_MODE=token here, too') from error
    logging.getLogger('ray.data').setLevel(logging.ERROR)
    try:
        yield
    finally:
        ray.shutdown()
