"""Which versions made a report."""

import platform
import sys

import mitos_mmdet


def versions() -> str:
    """One line: this package, Python, and those of numpy, torch and mmdet that the process has loaded."""
    loaded = [f'{name} {sys.modules[name].__version__}' for name in ('numpy', 'torch', 'mmdet') if name in sys.modules]
    return ', '.join([f'mitos_mmdet {mitos_mmdet.__version__}', f'Python {platform.python_version()}', *loaded])
