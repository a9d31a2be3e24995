"""The same as ``mitos candidates``."""

from mitos_mmdet.cli.candidates import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
