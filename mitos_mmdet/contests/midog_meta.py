"""What MIDOG's JSON does not say of its images: scanner, case, tumour type, and which images nobody labelled."""

import csv
import re
from pathlib import Path

# MIDOG 2021: first number of each range of images, scanner, tumour type, labelled.
_RANGES_2021 = ((1, 'Hamamatsu XR', 'human breast cancer', True), (51, 'Hamamatsu S360', 'human breast cancer', True),
                (101, 'Aperio CS2', 'human breast cancer', True), (151, 'Leica GT450', 'human breast cancer', False))
# MIDOG 2022 begins alike, then counts otherwise than 2021 and MIDOG++.
_RANGES_2022 = (*_RANGES_2021[:3], (151, '3D Histech', 'canine lung cancer', True), (195, '3D Histech', 'canine lymphoma', True),
                (250, 'Aperio CS2', 'canine cutaneous mast cell tumor', True),
                (300, 'Hamamatsu XR', 'human neuroendocrine tumor', True), (355, 'Hamamatsu XR', 'human melanoma', False))
_LAST_2021, _LAST_2022, _LAST_SHARED = 200, 405, 150
# One name each for what the contest's files write in two ways.
_ONE_NAME = {'Hamammatsu XR': 'Hamamatsu XR', 'canine lymphosarcoma': 'canine lymphoma'}
_CSV = 'datasets_xvalidation.csv'
_COLUMNS = ('Slide', 'Dataset', 'Tumor', 'Scanner')


def describe_images(content: dict, path: Path, csv_path: str | Path | None = None) -> tuple:
    """Scanner, case, domain and labelled for each image of a MIDOG file.

    Args:
        content: The JSON.
        path: Its path; MIDOG++'s csv is looked for beside and above it.
        csv_path: That csv, where it is elsewhere.

    Returns:
        tuple: ``(contest, described, splits, notes)``; ``described`` maps image ids to arguments of ``LabelledFrame``, leaving out images
        whose file name is not a number; ``splits`` is ``{'csv': {split: {case_id, ...}}}`` for MIDOG++, else empty.

    Raises:
        ValueError: MIDOG++ without its csv, a csv that is not it, or tumour types that are not this contest's.
    """
    numbers = {image['id']: int(found[1]) for image in content['images']
               if (found := re.fullmatch(r'(\d+)\.\w+', str(image['file_name'])))}
    csv_path = csv_path or _look_for_csv(path)
    contest = _which(content, numbers, csv_path)
    tumours = {image['id']: image.get('tumor_type') for image in content['images']}
    if contest == 'MIDOG++':
        rows = _read_csv(_check_csv(path, csv_path))
        described = {key: _from_row(number, rows.get(number), tumours[key]) for key, number in numbers.items()}
        splits: dict[str, set] = {}
        for number, row in rows.items():
            splits.setdefault(row['Dataset'], set()).add(f'midog-{number:03d}')
        return contest, described, {'csv': splits}, []
    described = {key: _from_range(number, contest, tumours[key]) for key, number in numbers.items()}
    notes = [] if contest == 'MIDOG 2021' else [
        'MIDOG 2022 numbers its images after 150 otherwise than MIDOG++, which has most of them: never train on one and test on '
        'the other']
    return contest, described, {}, notes


def _which(content, numbers, csv_path):
    last = max(numbers.values(), default=0)
    # Only MIDOG++ names tumour types; a part of it may count no further than 2022 does, and its csv then settles it.
    has_tumours = all(image.get('tumor_type') for image in content['images'])
    if 'MIDOG++' in str(content.get('info')) or last > _LAST_2022 or (has_tumours and csv_path):
        return 'MIDOG++'
    return 'MIDOG 2022' if last > _LAST_2021 else 'MIDOG 2021'


def _from_range(number, contest, tumour):
    ranges = _RANGES_2021 if contest == 'MIDOG 2021' else _RANGES_2022
    _, scanner, domain, labelled = next((row for row in reversed(ranges) if row[0] <= number), ranges[0])
    tumour = _ONE_NAME.get(tumour, tumour)
    if tumour not in (None, domain):
        raise ValueError(f'image {number} is {tumour}, in {contest} it would be {domain}. For a part of MIDOG++ give '
                         f'its {_CSV} as --csv')
    shared = number <= _LAST_SHARED or contest == 'MIDOG 2021'
    return dict(scanner=scanner, case_id=f'midog-{number:03d}' if shared else f'midog22-{number:03d}',
                domain=domain, labelled=labelled)


def _from_row(number, row, tumour):
    case_id = f'midog-{number:03d}'
    if row is None:  # MIDOG++ lists only what it labelled; the others are MIDOG 2021's images 151 to 200
        scanner = 'Leica GT450' if _LAST_SHARED < number <= _LAST_2021 else 'unknown'
        return dict(scanner=scanner, case_id=case_id, domain=_ONE_NAME.get(tumour, tumour) or 'unknown', labelled=False)
    scanner, domain = (_ONE_NAME.get(row[column], row[column]) for column in ('Scanner', 'Tumor'))
    return dict(scanner=scanner, case_id=case_id, domain=domain, labelled=True)


def _look_for_csv(path):
    return next((folder / _CSV for folder in (path.parent, path.parent.parent) if (folder / _CSV).is_file()), None)


def _check_csv(path, csv_path):
    if csv_path is not None:
        return Path(csv_path)
    raise ValueError(f'{path}: MIDOG++ needs its {_CSV} (scanners, split, which images are labelled). Put it beside the JSON, or '
                     f'give it as --csv')


def _read_csv(path):
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            rows = list(csv.DictReader(file, delimiter=';'))
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror}). Give {_CSV} of MIDOG++ as --csv') from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f'{path}: not a csv file. Give {_CSV} of MIDOG++ as --csv') from error
    numbered = {}
    for line, row in enumerate(rows, start=2):
        missing = [column for column in _COLUMNS if not row.get(column)]
        if missing or not row['Slide'].strip().isdigit():
            raise ValueError(f'{path}:{line}: expected columns {";".join(_COLUMNS)} with a number as Slide, found '
                             f'{";".join(map(str, row.values()))[:60]!r}. Give {_CSV} of MIDOG++ as --csv')
        numbered[int(row['Slide'])] = {column: row[column].strip() for column in _COLUMNS}
    if not numbered:
        raise ValueError(f'{path}: holds no rows. Give {_CSV} of MIDOG++ as --csv')
    return numbered
