"""The same as ``mitos measure-stains``."""

from mitos_mmdet.cli.measure_stains import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
