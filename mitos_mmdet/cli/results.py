"""Rebuilds the table of all models from the work dirs of their tests.

Every model of model-index.yml is a row, with its published F1 and the scores of the newest test in WORK_DIRS/MODEL, else of the best
validation of its training; rows without a run stay empty. The output is Markdown.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.core.files import replacing
from mitos_mmdet.core.outputs import check_output
from mitos_mmdet.report.results_table import TABLE_MARK, read_run, results_table

_PACKAGE = Path(__file__).resolve().parents[1]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog='mitos results', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='?', default='work_dirs', type=Path, metavar='WORK_DIRS',
                        help='folder of the work dirs, one per model (default: work_dirs)')
    parser.add_argument('--tested', action='store_true', help='only models that have a run')
    parser.add_argument('--out', type=Path, metavar='FILE.md', help='write the table there instead of printing it')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Prints or writes the table."""
    args = parse_args(argv)
    if not args.work_dirs.is_dir():
        raise ValueError(f'{args.work_dirs}: no such folder. Give the folder that holds the work dirs')
    if args.out:
        check_output('--out', args.out, [args.work_dirs], TABLE_MARK, ('.md',))
    models = _models()
    runs = {model['Name']: run for model in models if (run := read_run(args.work_dirs / Path(model['Config']).stem))}
    if not runs:
        raise ValueError(f'{args.work_dirs}: holds no scores of any model of model-index.yml. Run mitos train or mitos test first; '
                         f'its scores go to work_dirs/CONFIG_NAME')
    table = results_table([model for model in models if model['Name'] in runs or not args.tested], runs)
    if args.out is None:
        print(table)
        return
    with replacing(args.out) as file:
        file.write(table + '\n')
    print(f'wrote {args.out}: {len(runs)} of {len(models)} models have a run')


def _models():
    """The entries of all metafiles that model-index.yml imports."""
    import yaml  # comes with mmengine

    index = next((path for path in (_PACKAGE / '.mim' / 'model-index.yml', _PACKAGE.parent / 'model-index.yml') if path.is_file()), None)
    if index is None:
        raise ValueError('model-index.yml is not part of this installation. Install the package again')
    files = yaml.safe_load(index.read_text(encoding='utf-8'))['Import']
    root = index.resolve().parent
    return [model for name in files for model in yaml.safe_load((root / name).read_text(encoding='utf-8'))['Models']]
