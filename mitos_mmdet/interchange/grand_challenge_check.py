"""Whether grand-challenge and MIDOG would take a submission, before it is handed in."""

from pathlib import Path

from mitos_mmdet.interchange.grand_challenge import each_submission
from mitos_mmdet.interchange.grand_challenge_schema import faults
from mitos_mmdet.interchange.source import Source


def submission_faults(path: str | Path) -> tuple[int, list]:
    """What they would refuse.

    Args:
        path: A JSON, a folder of them, ``predictions.json`` or its folder.

    Returns:
        tuple: How many files there are, and ``[(file, fault), ...]``.

    Raises:
        ValueError: Not JSON, or no file at all.
    """
    submissions = each_submission(Source(path))
    if not submissions:
        raise ValueError(f'{path}: holds no submission, which is a .json an image')
    found = []
    for name, content, file in submissions:
        found += [(file, f'the run of {name} did not succeed')] if content is None else [(file, fault) for fault in faults(content)]
    return len(submissions), found
