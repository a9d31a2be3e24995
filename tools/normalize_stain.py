"""The same as ``mitos normalize``."""

from mitos_mmdet.cli.normalize import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
