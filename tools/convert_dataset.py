"""The same as ``mitos convert``."""

from mitos_mmdet.cli.convert import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
