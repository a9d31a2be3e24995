"""The same as ``mitos mine-negatives``."""

from mitos_mmdet.cli.mine_negatives import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
