"""The report's flags of ``mitos evaluate``."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.compare import Comparison
    from mitos_mmdet.evaluation.scoring import ScoredFile


def add_report(parser: argparse.ArgumentParser) -> None:
    """``--report`` and ``--images``."""
    parser.add_argument('--report', type=Path, metavar='FILE.html', help='the headline class as a page with plots and pictures')
    parser.add_argument('--images', type=Path, metavar='DIR',
                        help="folder below which the frames of the report's pictures are (default: that of the truth)")


def check_report(args: argparse.Namespace) -> None:
    """Refuses what could not be done, before anything is read.

    Raises:
        ValueError: A report that cannot be written, images without a report, or no such folder.
    """
    if args.images and not args.report:
        raise ValueError(f'--images {args.images}: is for the pictures of a report. Give --report FILE.html, too')
    if args.images and not args.images.is_dir():
        raise ValueError(f'--images {args.images}: no such folder')


def report_scored(args: argparse.Namespace, notes: Sequence[str], scored: 'ScoredFile', compared: 'Mapping[str, Comparison]') -> None:
    """Writes what ``--report`` asks for.

    Args:
        args: With ``truth``, ``detections`` and ``compare``, too.
        notes: Lines on the truth that the reader should see.
        scored: ``Scored``.
        compared: ``{class: Comparison}``.
    """
    from mitos_mmdet.report.frame_images import FrameImages
    from mitos_mmdet.report.provenance import versions
    from mitos_mmdet.report.write_report import write_report

    name, evaluation = next(iter(scored.evaluations.items()))
    folder = args.images or (args.truth if args.truth.is_dir() else args.truth.parent)
    # Places in um say nothing about pixels.
    images = FrameImages(evaluation.frames, folder) if scored.pairing.unit == 'px' else None
    remarks = '. '.join(notes + scored.notes)
    provenance = {'Truth': args.truth, 'Detections': args.detections, **({'Notes': remarks} if remarks else {}), 'Versions': versions()}
    write_report(evaluation, args.report, images, provenance, {str(args.compare): compared[name]} if name in compared else None)
