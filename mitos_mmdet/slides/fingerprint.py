"""Fingerprints of a slide's results: where they are equal, detecting again would give the same."""

from pathlib import Path
from typing import Any

import mitos_mmdet
from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.core.slide_files import listed_files, with_its_files
from mitos_mmdet.slides.settings import SlideSettings

BESIDE = ('second_reader', 'atypical')  # networks beside the detector, by their attributes of ``LoadedModel``
_WITHOUT_EFFECT = ('roi', 'batch_size')  # the ROI counts by its content


def fingerprint(path: str | Path, model: Any, settings: SlideSettings | None = None) -> dict:
    """The fingerprint of a slide's results, as plain JSON types. It includes the version of this package, since results may change with it.

    Args:
        path: The slide. Its size and time of change count, not its content, which may be gigabytes. Of a folder (multi-file DICOM), and of
            MRXS with its folder of data and VMS with the files it lists, those of all.
        model: ``LoadedModel``: ``threshold``, ``um_per_px``, ``precision``, its tiles and each network's ``sha256`` count.
        settings: ``SlideSettings``; None: the defaults.

    Raises:
        ValueError: The slide or the ROI file cannot be read.
    """
    path, settings = Path(path), settings or SlideSettings()
    chosen = {name: value for name, value in settings.as_dict().items() if name not in _WITHOUT_EFFECT}
    threshold = model.threshold if settings.threshold is None else settings.threshold
    beside = {name: getattr(getattr(model, name, None), 'sha256', None) for name in BESIDE}
    return dict(
        version=mitos_mmdet.__version__,
        model=dict(sha256=model.sha256, um_per_px=float(model.um_per_px), precision=getattr(model, 'precision', 'float32'),
                   tiles=[getattr(model, 'tile_size', None), getattr(model, 'overlap', None)], **beside),
        settings={**chosen, 'threshold': float(threshold), 'roi_sha256': settings.roi and sha256_of(settings.roi)},
        input=_stat(path))


def _stat(path):
    try:
        at = with_its_files(path)
        files = [at, *(file for file in listed_files(at) if file.is_file())]
        beside = at if at.is_dir() else at.with_suffix('')
        if at.is_dir() or (at.suffix.lower() == '.mrxs' and beside.is_dir()):
            files = sorted(file for file in beside.rglob('*') if file.is_file())
        stats = [file.stat() for file in files]
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror}). Check the path and its permissions') from error
    return dict(name=path.name, bytes=sum(each.st_size for each in stats), mtime_ns=max((each.st_mtime_ns for each in stats), default=0))
