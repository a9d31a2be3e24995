"""``--seed`` and ``--bootstrap``: flags of commands that draw at random."""

import argparse

from mitos_mmdet.cli.number_flags import whole

_MOST_RESAMPLES = 100_000  # Ours: 1,000 are enough for 95 % intervals, and memory grows with frames times resamples.
_SEEDS = 2**32  # numpy takes those below


def add_seed(parser: argparse.ArgumentParser, explained: str) -> None:
    """``--seed``."""
    parser.add_argument('--seed', type=whole, default=0, help=f'{explained} (default: 0)')


def add_bootstrap(parser: argparse.ArgumentParser) -> None:
    """``--bootstrap`` and its ``--seed``."""
    parser.add_argument('--bootstrap', type=whole, default=1000, metavar='N',
                        help='resamples for the 95 %% intervals, 0 for none (default: %(default)s)')
    add_seed(parser, 'of the bootstrap')


def check_random(args: argparse.Namespace) -> None:
    """Checks what the flags here have read.

    Raises:
        ValueError: A number that cannot be drawn with.
    """
    if not 0 <= args.seed < _SEEDS:
        raise ValueError(f'--seed {args.seed}: give a whole number from 0 to {_SEEDS - 1}')
    if not 0 <= getattr(args, 'bootstrap', 0) <= _MOST_RESAMPLES:
        raise ValueError(f'--bootstrap {args.bootstrap}: give how many resamples, at most {_MOST_RESAMPLES}, or 0 for no intervals')
