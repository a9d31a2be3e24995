"""The same as ``mitos train``."""

from mitos_mmdet.cli.train import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
