"""mmcv without compiled operators: puts ``mitos_mmdet.compat.mmcv_ops`` in the place of ``mmcv._ext``. No compiler needed.

Inside a process :func:`install` is enough, called before anything imports ``mmcv.ops`` (``mitos_mmdet.register`` and our tools
do). mmdet's own tools import ``mmcv.ops`` before they read a config; for them ``python -m mitos_mmdet.compat install`` writes the
stand-in as a file into the mmcv package, and ``remove`` takes it away. A compiled ``mmcv._ext`` is never touched: Python also
prefers it to the file.
"""

import importlib.util
import sys
from pathlib import Path

_MARK = '# Written by mitos_mmdet.compat'
_STAND_IN = f'''{_MARK}: "python -m mitos_mmdet.compat remove" takes it away.
import sys

import mitos_mmdet.compat.mmcv_ops

sys.modules[__name__] = mitos_mmdet.compat.mmcv_ops
'''


def install() -> bool:
    """Makes ``mmcv.ops`` importable in this process where mmcv came without compiled operators.

    Returns:
        bool: True where the stand-in is in use, False where mmcv has its own ``_ext``.

    Raises:
        ImportError: There is no mmcv.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ImportError('mmcv is not installed: pip install "mitos_mmdet[onedl]"')
    if 'mmcv._ext' not in sys.modules:
        found = importlib.util.find_spec('mmcv._ext')
        if found is None or _is_ours(found.origin):
            from mitos_mmdet.compat import mmcv_ops

            # Its __spec__ is a real one, which mmengine's find_spec('mmcv._ext') insists on.
            sys.modules['mmcv._ext'] = mmcv_ops
    return getattr(sys.modules.get('mmcv._ext'), '__name__', None) == 'mitos_mmdet.compat.mmcv_ops'


def install_file() -> str:
    """Writes the stand-in into the mmcv package.

    Returns:
        str: What was done, for the user.

    Raises:
        ValueError: There is no mmcv, or its folder cannot be written.
    """
    path = _file()
    compiled = _compiled(path.parent)
    if compiled:
        return f'{compiled} is compiled and stays as it is'
    if path.exists() and not _is_ours(path):
        return f'{path} is not of mitos_mmdet and stays as it is'
    try:
        path.write_text(_STAND_IN, encoding='utf-8')
    except OSError as error:
        raise ValueError(f'{path}: cannot be written ({error.strerror}). Use a virtual environment of your own') from error
    return f'wrote {path}'


def remove_file() -> str:
    """Deletes the file that :func:`install_file` wrote, and no other; returns what was done."""
    path = _file()
    if not _is_ours(path):
        return f'no stand-in at {path}'
    path.unlink()
    return f'removed {path}'


def _file():
    spec = importlib.util.find_spec('mmcv')
    if spec is None or not spec.submodule_search_locations:
        raise ValueError('mmcv is not installed: pip install "mitos_mmdet[onedl]"')
    return Path(next(iter(spec.submodule_search_locations))) / '_ext.py'


def _is_ours(path):
    return path is not None and Path(path).is_file() and Path(path).read_bytes().startswith(_MARK.encode())


def _compiled(folder):
    from importlib.machinery import EXTENSION_SUFFIXES
    return next((folder / f'_ext{suffix}' for suffix in EXTENSION_SUFFIXES if (folder / f'_ext{suffix}').exists()), None)
