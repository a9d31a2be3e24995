"""Finds, counts and grades mitotic figures on images and whole slides.

    mitos detect slide.svs --out found
    mitos detect photo.jpg --um-per-px 0.25 --out found
    mitos detect cases/*.ndpi more_cases --roi tumour.geojson --out found

Each input gets a folder below --out: index.html (open it first), annotated.jpg for images or overview.png for slides, detections.csv,
detections.geojson (QuPath), mitotic-figures.json (grand-challenge) and summary.json. Inputs that are finished are not done again.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.detect_inputs import find_inputs, output_names, say_skipped, without_dicom_parts
from mitos_mmdet.cli.detection_flags import add_operating_threshold, check_detection_flags
from mitos_mmdet.cli.hotspot_flags import add_hotspot_arguments, hotspot_settings
from mitos_mmdet.cli.model_flags import add_model_flags, check_model_flag, load_chosen
from mitos_mmdet.cli.number_flags import decimal, whole
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.cli.progress_line import ProgressLine
from mitos_mmdet.cli.short_warnings import short_warnings
from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.digits import rounded
from mitos_mmdet.core.files import OutputError
from mitos_mmdet.core.names import printable
from mitos_mmdet.core.outputs import check_writable


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    command = argparse.ArgumentParser(prog='mitos detect', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument('inputs', nargs='+', metavar='INPUT', help='images (PNG, JPEG, TIFF), slides, folders or globs')
    command.add_argument('--out', required=True, metavar='DIR', help='output folder; each input gets a folder in it')
    command.add_argument('--um-per-px', type=decimal, metavar='UM',
                         help='width of a pixel in um, for files that do not say it (PNG, JPEG) or say it wrongly: about 0.25 at 40x and '
                              '0.5 at 20x, exactly in the manual of the scanner')
    add_operating_threshold(command)
    command.add_argument('--roi', metavar='FILE.geojson', help='region drawn in QuPath: detect and count only inside')
    command.add_argument('--no-picture', action='store_true', help='write no annotated picture and no overview')
    command.add_argument('--no-page', action='store_true', help='write no HTML page')
    command.add_argument('--no-qupath-offset', action='store_true', help="count GeoJSON from the slide's corner, not its scanned area's")
    command.add_argument('--overwrite', action='store_true', help='redo inputs that are finished already')
    add_pixel_limit(command)
    add_hotspot_arguments(command)
    flags = add_model_flags(command)
    flags.add_argument('--no-stain', action='store_true', help='leave colours as they are, whatever the model was trained with')
    flags.add_argument('--batch-size', type=whole, metavar='N', help='tiles in work at once; does not change the detections')
    flags.add_argument('--workers', type=whole, default=1, metavar='N', help='threads that read (default: 1)')
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status: 0, or 1 where an input among several failed.

    Raises:
        ValueError: Nothing could be done, or the only input failed.
    """
    args = parser().parse_args(argv)
    _check(args)
    inputs, ignored = find_inputs(args.inputs, args.out)
    inputs, parts = without_dicom_parts(inputs)
    say_skipped(ignored, 'not known as slides or images')
    say_skipped(parts, 'belonging to DICOM slides already listed')
    places = [Path(args.out) / name for name in output_names(inputs)]
    _check_places(places, inputs, args)
    faults = _without_pixel_size(inputs) if args.um_per_px is None else {}
    if len(faults) == len(inputs):
        raise next(iter(faults.values()))
    line = ProgressLine('')
    line.say('loading the model')
    try:
        model = load_chosen(args, args.calibration)
    finally:
        line.clear()
    from mitos_mmdet.slides.settings import SlideSettings

    settings = SlideSettings(um_per_px=args.um_per_px, roi=args.roi, threshold=args.threshold, batch_size=args.batch_size,
                             normalize_stain=not args.no_stain, qupath_offset=not args.no_qupath_offset,
                             outputs=_outputs(args), **hotspot_settings(args))
    try:
        with short_warnings():
            rows, failed = _work(inputs, places, faults, model, settings, args)
    finally:
        with contextlib.suppress(OSError):  # only where nothing came into it
            Path(args.out).rmdir()
    _print_table(rows)
    if failed:
        print(f'failed {len(failed)} of {len(inputs)}:', file=sys.stderr)
        for path, reason in failed:
            print(f'  {_about(path, reason)}', file=sys.stderr)
    return 1 if failed else 0


def _work(inputs, places, faults, model, settings, args):
    """``(rows of the table, [(path, reason)] that failed)``."""
    from mitos_mmdet.slides.fingerprint import fingerprint
    from mitos_mmdet.slides.finished import finished_summary
    from mitos_mmdet.slides.run_slide import run_slide

    rows, failed, kept = [], [], 0
    for number, (path, place) in enumerate(zip(inputs, places, strict=True), start=1):
        title = f'[{number}/{len(inputs)}] {printable(path.name)}'
        line = ProgressLine(title)
        line.say('  looking for tissue')
        try:
            if path in faults:
                raise faults[path]
            summary = None if args.overwrite else finished_summary(place, fingerprint(path, model, settings))
            kept += summary is not None
            if summary is None:
                again = ProgressLine(f'{title}  second reading', unit='crop')
                summary = run_slide(path, model, place, settings, progress=line, workers=args.workers, second_progress=again)
                line.clear()
                for note in summary['notes'] if len(inputs) == 1 else summary['warnings']:
                    print(f'{printable(path.name)}: {note}', file=sys.stderr)
            rows.append((path, summary, place))
        except OutputError:
            raise
        except (ValueError, OSError, MemoryError) as error:
            if len(inputs) == 1:
                raise ValueError(_about(path, one_line(error))) from error
            failed.append((path, one_line(error) or type(error).__name__))
        finally:
            line.clear()
    if kept:
        print(f'{kept} of {len(inputs)} finished before with the same input, model and settings: kept (--overwrite redoes them)')
    return rows, failed


def _check(args):
    check_detection_flags(args)
    hotspot_settings(args)
    for flag, value in (('--batch-size', args.batch_size), ('--workers', args.workers)):
        if value is not None and value < 1:
            raise ValueError(f'{flag} {value}: give 1 or more')
    check_model_flag(args)
    check_writable('--out', args.out)


def _check_places(places, inputs, args):
    from mitos_mmdet.slides.check_places import check_places

    check_places(places, [*inputs, args.roi, args.calibration, *(args.model or ())])


def _outputs(args):
    from mitos_mmdet.slides.settings import OUTPUTS

    dropped = {*(('picture', 'overview') if args.no_picture else ()), *(('page', ) if args.no_page else ())}
    return tuple(name for name in OUTPUTS if name not in dropped)


def _without_pixel_size(inputs):
    """``{path: error}`` of inputs that cannot be opened or do not say their um/px; known before the model is loaded."""
    from mitos_mmdet.slides.check_pixel_size import need_um_per_px
    from mitos_mmdet.slides.open_slide import open_slide

    faults = {}
    for path in inputs:
        try:
            with open_slide(path) as slide:
                need_um_per_px(slide)
        except ValueError as error:
            faults[path] = error
    return faults


def _about(path, reason):
    return printable(reason if str(path) in reason else f'{path}: {reason}')


def _print_table(rows):
    if not rows:
        return
    cells = [('file', 'mitotic figures', 'per mm2', 'in the window of the hotspot', 'mitotic score', 'look at')]
    for path, summary, place in rows:
        spot, density = summary['hotspot'], summary['per_mm2']
        files, area = summary['files'], next(word for word in ('tissue', 'region', 'image') if word in summary['area'])
        best = next((files[name] for name in ('page', 'picture', 'csv') if name in files), 'summary.json')
        cells.append((printable(path.name), str(summary['mitotic_figures']), '-' if density is None else f'{rounded(density)} of {area}',
                      '-' if not spot else f"{spot['mitotic_figures']} in {rounded(spot['area_mm2'])} mm2",
                      str(summary['grades'][0]['score'] or '–'), printable(place / best)))
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        print('  '.join(text.rjust(width) if 1 <= column <= 4 else text.ljust(width)
                        for column, (text, width) in enumerate(zip(row, widths, strict=True))).rstrip())
    grades = rows[0][1]['grades']
    if len(rows) == 1:
        if grades[0]['score'] is None:
            print(f"Mitotic score: –, {grades[0]['not_graded']}.")
        else:
            print('\n'.join(each['sentence'] for each in grades))
            print(f"Between whole numbers: {grades[0]['between']}.")
    else:  # each page has its reason, and the scores by all rules
        print(f"Mitotic score: {grades[0]['title']}; – where there is too little tissue to grade.")
    print('Research software: not a diagnosis.')

