"""The same as ``mitos tile``."""

from mitos_mmdet.cli.tile import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
