"""Slides one after the other, in this process: no Ray needed."""

from mitos_mmdet.slides.cohort.work import work


def in_process(jobs, model, threads=1):
    """Yields ``work``'s result of each job.

    Args:
        jobs: List of ``SlideJob``.
        model: ``LoadedModel``.
        threads: That read tiles beside the model.
    """
    for job in jobs:
        yield work(job, model, threads)
