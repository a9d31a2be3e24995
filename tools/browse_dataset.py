"""The same as ``mitos browse``."""

from mitos_mmdet.cli.browse import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
