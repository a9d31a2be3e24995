"""Finds, counts and grades mitotic figures on many slides: mitos cohort MANIFEST.csv --out DIR."""

import argparse
import functools
import importlib.util
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.cohort_manifest import read_cohort
from mitos_mmdet.cli.detection_flags import add_operating_threshold, check_detection_flags
from mitos_mmdet.cli.hotspot_flags import add_hotspot_arguments, hotspot_settings
from mitos_mmdet.cli.model_flags import add_model_flags, check_model_flag, load_chosen
from mitos_mmdet.cli.number_flags import decimal, whole
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.cli.short_warnings import short_warnings
from mitos_mmdet.core.names import printable
from mitos_mmdet.core.outputs import check_ours, check_output, check_writable

_CORES_PER_WORKER = 4  # Ours: a slide keeps about four busy; beyond that, two slides at once are faster than one.


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    command = argparse.ArgumentParser(prog='mitos cohort', description=__doc__)
    command.add_argument('source', metavar='MANIFEST', help='CSV with the column path (and um_per_px, roi, others), a folder, a glob')
    command.add_argument('--out', required=True, metavar='DIR', help='output folder; each slide gets a folder in it. Run again to go on')
    add_model_flags(command)
    add_operating_threshold(command)
    command.add_argument('--um-per-px', type=decimal, metavar='UM',
                         help='pixel size in um of slides whose row gives none, in place of what the files say')
    command.add_argument('--roi', metavar='FILE.geojson', help='region of slides whose row gives none')
    command.add_argument('--no-stain', action='store_true', help='leave colours as they are, whatever the model was trained with')
    command.add_argument('--no-page', action='store_true', help='write no HTML page per slide')
    command.add_argument('--workers', type=whole, metavar='N', help='slides at once; 1 runs in this process, more on Ray (default: one per '
                         f'GPU, or one per {_CORES_PER_WORKER} of the cores this process may use)')
    command.add_argument('--cpus-per-worker', type=whole, metavar='N', help='(default: the cores of this process, shared out)')
    command.add_argument('--gpus-per-worker', type=decimal, metavar='N', help='(default: 1 where this process sees a GPU, else 0)')
    command.add_argument('--address', metavar='ADDRESS', help='of a Ray cluster, as auto (default: this machine)')
    command.add_argument('--slice', metavar='I/N', help='only every N-th slide from the I-th on, for job arrays; writes cohort_IofN.csv')
    add_hotspot_arguments(command)
    add_pixel_limit(command)
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status: 0, or 1 where a slide failed.

    Raises:
        ValueError: Nothing could be done.
    """
    args = parser().parse_args(argv)
    _check(args)
    slides = read_cohort(args.source, args.out)
    check_writable('--out', args.out)
    stem = 'cohort' if args.slice is None else f"cohort_{args.slice.replace('/', 'of')}"
    from mitos_mmdet.slides.cohort.cohort_slide import slice_of
    from mitos_mmdet.slides.cohort.run_cohort import counts_of, run_cohort, write_cohort

    part = slides if args.slice is None else slice_of(slides, args.slice)
    _check_outputs(args, stem, slides, part)
    workers, cpus, gpus = _share(args, len(part))
    alone = workers == 1 and args.address is None
    how = 'one after the other in this process' if alone else f'{workers} at once on Ray'
    print(f"{len(part)} slide{'' if len(part) == 1 else 's'}, {how}, {cpus} cores each")
    threads = args.cpus_per_worker if alone else cpus  # alone, the engine's own choice where none is asked for
    factory = functools.partial(load_chosen, args, args.calibration, threads)
    with short_warnings():
        rows = run_cohort(part, args.out, factory, _settings(args), workers, args.address, cpus, gpus,
                          say=lambda line: print(printable(line), flush=True))
    table, page = write_cohort(args.out, rows, stem)
    counts = counts_of(rows)
    print(f"{counts['done']} finished, {counts['failed']} failed: {printable(table)}, {printable(page)}")
    print('Research software, not a diagnosis.')
    for row in rows:
        if row.status == 'failed':
            print(f'failed: {printable(row.slide.path)}: {printable(row.reason)}', file=sys.stderr)
    return 1 if counts['failed'] else 0


def _share(args, slides):
    """``(workers, cores of each, GPUs of each)`` for a number of slides.

    Raises:
        ValueError: Several workers asked for without Ray.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    gpus = _gpus(args.device)
    workers = args.workers or gpus or max(1, cores // _CORES_PER_WORKER)
    if (workers > 1 or args.address) and importlib.util.find_spec('ray') is None:
        if args.workers or args.address:
            raise ValueError('several workers need Ray: pip install "mitos_mmdet[cohort]", or give --workers 1')
        workers = 1
    workers = min(workers, max(1, slides))
    cpus = args.cpus_per_worker or max(1, cores // workers)
    return workers, cpus, min(1, gpus) if args.gpus_per_worker is None else args.gpus_per_worker


def _check(args):
    for flag, value, least in (
            ('--workers', args.workers, 1), ('--cpus-per-worker', args.cpus_per_worker, 1), ('--gpus-per-worker', args.gpus_per_worker, 0)):
        if value is not None and not least <= value < math.inf:
            raise ValueError(f'{flag} {value:g} must be at least {least}')
    if args.address is not None and args.workers is None:
        raise ValueError('--address needs --workers: how many slides the cluster shall do at once')
    check_detection_flags(args)
    check_model_flag(args)


def _check_outputs(args, stem, slides, part):
    """Refuses, before anything is computed, tables and folders of slides that would replace what is read or what others wrote."""
    from mitos_mmdet.slides.check_places import check_places
    from mitos_mmdet.slides.cohort.cohort_page import PAGE_MARK
    from mitos_mmdet.slides.cohort.table import TABLE_MARK

    inputs = [args.source, args.roi, args.calibration, *(args.model or ())]
    inputs += [each for slide in slides for each in (slide.path, slide.roi)]
    for kind, mark in (('csv', TABLE_MARK), ('html', PAGE_MARK)):
        path = Path(args.out) / f'{stem}.{kind}'
        check_output('--out', path, inputs, mark)
        check_ours('--out', path, mark)
    check_places([Path(args.out) / slide.folder for slide in part], inputs)


def _settings(args):
    from mitos_mmdet.slides.settings import OUTPUTS, SlideSettings

    return SlideSettings(um_per_px=args.um_per_px, roi=args.roi, threshold=args.threshold, normalize_stain=not args.no_stain,
                         outputs=tuple(name for name in OUTPUTS if not (args.no_page and name == 'page')), **hotspot_settings(args))


def _gpus(device):
    if device == 'cpu':
        return 0
    import torch

    return torch.cuda.device_count()
