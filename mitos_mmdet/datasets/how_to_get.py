"""What a user must run for an annotation file that is not there."""

from fnmatch import fnmatch
from pathlib import Path

_GUIDE = 'docs/data.md has the commands of each contest, docs/own_labels.md those for labels of your own'
# The first pattern of FOLDER/FILE that fits says what makes the file, and by which command.
_MADE_BY = (
    ('*mined*/tiles.json', 'Mine hard negatives and cut tiles that show them',
     'mitos mine-negatives FRAMES.json DETECTIONS --out MINED.json, then mitos tile MINED.json IMAGES --out {folder}'),
    ('*normali[sz]ed*/tiles.json', 'Normalise the tiles', 'mitos normalize TILES/tiles.json {folder} --images TILES/images'),
    ('*/tiles.json', 'Cut the tiles', 'mitos tile FRAMES.json IMAGES --out {folder}'),
    ('*/candidates.json', 'Collect the candidates of phase one',
     'mitos candidates CONFIG CHECKPOINT --frames FRAMES.json --out {folder}'),
    ('*/stains*mined*.json', 'Mine hard negatives', 'mitos mine-negatives STAINS.json DETECTIONS --out {path}'),
    ('*/*mined*.json', 'Mine hard negatives', 'mitos mine-negatives FRAMES.json DETECTIONS --out {path}'),
    ('*/stains*.json', 'Measure the stains', 'mitos measure-stains FRAMES.json IMAGES --out {path}, of small patches with --by case'))


def how_to_get(path: str | Path) -> str:
    """The command that makes an annotation file, and all of them where the dataset's own folder is absent.

    Args:
        path: The file that is missing, as a config names it: ``data/midog/annotations_val.json``, ``data/midog/tiles_train/tiles.json``.

    Returns:
        str: For the end of an error message.
    """
    path = Path(path)
    folder = path.parent
    dataset = folder.parent if path.name in ('tiles.json', 'candidates.json') else folder
    what, command = next(((what, command.format(path=path, folder=folder)) for pattern, what, command in _MADE_BY
                          if fnmatch(f'{folder.name}/{path.name}', pattern)), ('', ''))
    if not dataset.is_dir():
        first, kind = f"put the contest's files there, then run mitos convert CONTEST {dataset}", 'SPLIT'
        if dataset.name == 'sample':
            first, kind = f'run mitos make-sample {dataset}, then mitos convert midog {dataset}', 'csv'
        then = f', then {command}' if command else ''
        return (f'There is no {dataset}: {first} --out {dataset}/annotations.json --split {kind}{then} ({_GUIDE}), or set --data-root to '
                f'where they are')
    if command:
        return f'{what} first: {command} ({_GUIDE})'
    return f'Convert the dataset first: mitos convert CONTEST {dataset} --out FILE.json ({_GUIDE}), or set --data-root to where it is'
