"""The same as ``mitos export``."""

from mitos_mmdet.cli.export import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
