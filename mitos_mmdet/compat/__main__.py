"""``python -m mitos_mmdet.compat {install,remove}``: the stand-in for ``mmcv._ext`` as a file in the mmcv package."""

import argparse

from mitos_mmdet import compat
from mitos_mmdet.core.console import run


def main() -> None:
    """Writes or deletes the file and says what was done."""
    parser = argparse.ArgumentParser(prog='python -m mitos_mmdet.compat', description=compat.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('action', choices=['install', 'remove'])
    print(compat.install_file() if parser.parse_args().action == 'install' else compat.remove_file())


if __name__ == '__main__':
    run(main)
