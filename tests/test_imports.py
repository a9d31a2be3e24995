"""The layout's rule: imports between the package's folders point down only, so no two of them import each other."""

import ast
from pathlib import Path

import mitos_mmdet

ROOT = Path(mitos_mmdet.__file__).parent
# From the bottom floor to the top: a folder may import those that stand before it.
FLOORS = ('core', 'compat', 'tiling', 'stain', 'datasets', 'contests', 'interchange', 'evaluation', 'models', 'training', 'model_zoo',
          'preparation', 'slides', 'report', 'sample', 'cli')


def imported_folders(path):
    """The folders of mitos_mmdet that a module imports anywhere, in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split('.')
            if parts[0] == 'mitos_mmdet' and len(parts) > 1 and parts[1] != '__version__':
                yield parts[1]


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob('*.py') if '.mim' not in path.parts)


def test_every_folder_has_its_floor():
    folders = {path.parent.name for path in ROOT.glob('*/*.py')} - {'.mim'}
    assert folders <= set(FLOORS)


def test_imports_point_down_only():
    upward = []
    for folder in FLOORS:
        for path in modules(folder):
            for target in set(imported_folders(path)) - {folder}:
                if target not in FLOORS or FLOORS.index(target) > FLOORS.index(folder):
                    upward.append(f'{path.relative_to(ROOT)} imports {target}')
    # register is the one module that imports everything; a command may ask for it, and nothing else may.
    assert [line for line in upward if not (line.endswith(' register') and line.startswith(('cli', 'model_zoo')))] == []


def test_the_package_itself_is_light():
    assert {path.name for path in ROOT.glob('*.py')} == {'__init__.py', 'register.py'}
