"""``mitos COMMAND``: every command of this project by one name. Light: a command's module is imported when it is called."""

import difflib
import importlib
import sys
from collections.abc import Sequence

import mitos_mmdet
from mitos_mmdet.core.console import run

# Command: (module of mitos_mmdet.cli, what it does), in order from data to result.
STEPS = {
    'from an image or a slide to a count': {
        'detect': ('detect', 'find, count and grade mitotic figures: IMAGE... --out DIR'),
        'calibrate': ('calibrate', 'choose the threshold on a few labelled frames of your own: ANNOTATIONS IMAGES --out FILE.json'),
        'cohort': ('cohort', 'detect on many slides, run after run until all are finished: MANIFEST.csv --out DIR'),
    },
    'from contest files to a trained, scored model': {
        'make-sample': ('make_sample', 'draw the built-in sample, to try every command on without a download'),
        'convert': ('convert', "convert a contest's files, or labels of your own, to the COCO json that configs read"),
        'measure-stains': ('measure_stains', 'write the stain of each image or case into an annotation file (for stain transfer)'),
        'normalize': ('normalize', 'normalise the stain of images on disk (configs can do it while they load)'),
        'tile': ('tile', 'cut frames into the tiles that training reads'),
        'browse': ('browse', 'draw training samples as the network sees them, boxes and masks included: CONFIG --out FILE.png'),
        'train': ('train', 'train a detector: CONFIG'),
        'candidates': ('candidates', 'cut the candidates that the second of two phases learns from (two-phase detector only)'),
        'mine-negatives': ('mine_negatives', "add a detector's false positives on training frames to their labels, as hard negatives"),
        'test': ('test', 'run a trained detector on whole labelled frames and score it: CONFIG CHECKPOINT'),
        'evaluate': ('evaluate', 'score detections of any program against ground truth, with confidence intervals'),
        'export': ('export', 'write detections for QuPath, grand-challenge and others'),
        'results': ('results', 'rebuild the table of all models from their work dirs'),
    },
}
COMMANDS = {name: entry for step in STEPS.values() for name, entry in step.items()}


def help_text() -> str:
    """What ``mitos --help`` prints."""
    width = max(map(len, COMMANDS)) + 2
    lines = ['usage: mitos COMMAND ...', '', 'Finds mitotic figures in H&E images.']
    for step, commands in STEPS.items():
        lines += ['', f'{step}:', *(f'  {name:{width}}{explained}' for name, (_, explained) in commands.items())]
    return '\n'.join([*lines, '', 'mitos COMMAND --help explains a command, mitos --version names the version.'])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command with the rest of the command line; returns its exit status.

    Raises:
        ValueError: No such command; the message names the nearest.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] in ('-h', '--help', 'help'):
        print(help_text())
        return 0
    if argv[0] in ('-V', '--version'):
        print(f'mitos_mmdet {mitos_mmdet.__version__}')
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        near = difflib.get_close_matches(name.replace('_', '-'), COMMANDS, n=1, cutoff=0.4)
        meant = f'Did you mean "mitos {near[0]}"? ' if near else ''
        raise ValueError(f'no command {name!r}. {meant}mitos --help lists all')
    return importlib.import_module(f'mitos_mmdet.cli.{COMMANDS[name][0]}').main(rest)


def entry() -> None:
    """The ``mitos`` program."""
    run(main)


if __name__ == '__main__':
    entry()
