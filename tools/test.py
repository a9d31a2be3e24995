"""The same as ``mitos test``."""

from mitos_mmdet.cli.test import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
