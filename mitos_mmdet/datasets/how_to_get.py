"""What a user must run for an annotation file that is not there."""

from pathlib import Path

_GUIDE = 'docs/data.md has the commands of each contest'
_MADE_BY = {
    'tiles.json': 'Cut the tiles first: mitos tile FRAMES.json IMAGES --out {folder}',
    'candidates.json': 'Collect the candidates of phase one first: mitos candidates CONFIG CHECKPOINT --frames FRAMES.json --out {folder}'}


def how_to_get(path: str | Path) -> str:
    """The command that makes an annotation file, and all of them where the dataset's own folder is absent.

    Args:
        path: The file that is missing, as a config names it: ``data/midog/annotations_val.json``, ``data/midog/tiles_train/tiles.json``.

    Returns:
        str: For the end of an error message.
    """
    path = Path(path)
    made_by = _MADE_BY.get(path.name)
    dataset = path.parent.parent if made_by else path.parent
    if not dataset.is_dir():
        then = ', '.join(filter(None, [f'mitos convert CONTEST {dataset} --out {dataset}/annotations.json --split SPLIT',
                                       made_by and f'then mitos tile FRAMES.json IMAGES --out {path.parent}']))
        return f"There is no {dataset}: put the contest's files there, then run {then} ({_GUIDE}), or set --data-root to where they are"
    if made_by:
        return f'{made_by.format(folder=path.parent)} ({_GUIDE})'
    return f'Convert the dataset first: mitos convert CONTEST {dataset} --out FILE.json ({_GUIDE}), or set --data-root to where it is'
