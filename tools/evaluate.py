"""The same as ``mitos evaluate``."""

from mitos_mmdet.cli.evaluate import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
