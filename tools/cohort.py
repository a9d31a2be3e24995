"""Finds, counts and grades mitotic figures on many slides: python tools/cohort.py MANIFEST.csv --out DIR. The same as ``mitos cohort``."""

from mitos_mmdet.cli.cohort import main
from mitos_mmdet.core.console import run

if __name__ == '__main__':
    run(main)
