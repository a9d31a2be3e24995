"""The same as ``mitos make-sample``."""

from mitos_mmdet.cli.make_sample import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
