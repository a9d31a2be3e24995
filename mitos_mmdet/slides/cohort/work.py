"""Processes one slide of a cohort, in any process; an error becomes its result, so that the others go on."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.files import OutputError
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.output_folder import FolderInUseError, locked
from mitos_mmdet.slides.fingerprint import fingerprint
from mitos_mmdet.slides.finished import finished_summary
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel

# What became of a slide. BUSY: another run is at work on it. STOP: no further slide can be written either, such as on a full disk.
DONE, KEPT, FAILED, BUSY, STOP = 'done', 'kept', 'failed', 'busy', 'stop'
_ATTEMPTS = '.attempts'
_MOST_READERS = 8  # Ours.
_MOST_ATTEMPTS = 2  # Ours: a worker may die for another reason once, such as a machine of the cluster that goes.


@dataclass(frozen=True)
class SlideJob:
    """What a worker must know of a slide; small and picklable.

    Attributes:
        place: Of the slide in the cohort.
        path: The slide.
        out_dir: Its own folder.
        settings: ``SlideSettings``.
        run: Name of this run where its workers may die without it, else None.
    """
    place: int
    path: str
    out_dir: str
    settings: SlideSettings
    run: str | None = None


def finished(job: SlideJob, model: Any) -> dict | None:
    """The summary of an earlier run of the same input, model and settings, or None.

    ``model`` is a ``LoadedModel``, or what stands for it: ``sha256``, ``threshold`` and ``um_per_px``.

    Raises:
        ValueError: The slide or its ROI is not there.
    """
    return finished_summary(job.out_dir, fingerprint(job.path, model, job.settings))


def work(job: SlideJob, model: 'LoadedModel', cores: int = 1) -> tuple:
    """Does one slide.

    Args:
        job: ``SlideJob``.
        model: ``LoadedModel``.
        cores: That may be used. On a CPU the model needs them, and one thread reads; beside a GPU they read.

    Returns:
        tuple: ``(place, DONE, KEPT, FAILED, BUSY or STOP, reason)``.
    """
    out_dir = Path(job.out_dir)
    try:
        # The lock comes first: another run may be at work on the slide, or have finished it since this one listed what is left.
        with locked(out_dir):
            if finished(job, model) is not None:
                return job.place, KEPT, ''
            try:
                if job.run is not None:
                    _count_attempt(out_dir, job.run)
                run_slide(job.path, model, out_dir, job.settings, held=True,
                          workers=1 if model.device == 'cpu' else min(_MOST_READERS, cores))
            finally:
                _forget_attempts(out_dir)
    except FolderInUseError as error:
        return job.place, BUSY, one_line(error)
    except OutputError as error:
        return job.place, STOP, one_line(error)
    except Exception as error:  # decoders raise everything; the other slides go on
        return job.place, FAILED, reason_of(error, job.path)
    return job.place, DONE, ''


def reason_of(error: BaseException, path: str | Path) -> str:
    """An error in one line, without the slide's path in front, which stands beside it wherever it is shown."""
    text = one_line(error) if isinstance(error, (ValueError, OSError)) else f'{type(error).__name__}: {one_line(error)}'
    return text.removeprefix(f'{path}: ')[:1000]


def _count_attempt(out_dir, run):
    """Notes that a worker of this run begins with the slide.

    Raises:
        ValueError: Workers of this run have died of it.
    """
    try:
        found = json.loads((out_dir / _ATTEMPTS).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        found = {}
    count = found.get('count', 0) if found.get('run') == run else 0
    if count >= _MOST_ATTEMPTS:
        raise ValueError(f'its worker was killed {count} times, perhaps for want of memory. Run it again with fewer --workers')
    write_json(dict(run=run, count=count + 1), out_dir / _ATTEMPTS)


def _forget_attempts(out_dir):
    with suppress(OSError):
        (out_dir / _ATTEMPTS).unlink()
