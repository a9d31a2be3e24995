"""Slides one after the other, in this process: no Ray needed."""

from collections.abc import Iterator

from mitos_mmdet.slides.cohort.work import work


def in_process(jobs, model, cores=1) -> Iterator[tuple]:
    """Yields ``work``'s result of each job; ``jobs`` is a list of ``SlideJob``, ``cores`` what this process may use."""
    for job in jobs:
        yield work(job, model, cores)
