"""Slides one after the other, in this process: no Ray needed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mitos_mmdet.slides.cohort.work import SlideJob, work

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel


def in_process(jobs: Sequence[SlideJob], model: 'LoadedModel', cores: int = 1) -> Iterator[tuple]:
    """Yields ``work``'s result of each job; ``jobs`` is a list of ``SlideJob``, ``cores`` what this process may use."""
    for job in jobs:
        yield work(job, model, cores)
