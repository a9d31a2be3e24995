"""The same as ``mitos detect``."""

from mitos_mmdet.cli.detect import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
