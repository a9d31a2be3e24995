"""What a user without mmdet, or with an unsuited one, is told; and what needs neither mmdet nor torch."""

import importlib
import json
import sys
import types
from pathlib import Path

import pytest

import mitos_mmdet

HIDE = '''
import sys

class Hide:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition('.')[0] in HIDDEN else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Hide, sys.meta_path)
'''
# The modules that may import torch, mmdet, mmcv or mmengine; every other one is pure.
IMPURE = {'register', 'compat.checkpoints', 'compat.config_text', 'compat.cpu_amp_optim_wrapper', 'compat.mmcv_ops',
          'compat.roi_align_gradient', 'compat.safe_loading', 'datasets.crop_dataset', 'datasets.crops', 'datasets.mitosis_dataset',
          'datasets.patch_mosaic_dataset', 'evaluation.centroid_metric', 'evaluation.result_pictures', 'model_zoo.checkpoint_scheme',
          'report.report_metric', 'stain.torch_stain'}
IMPURE_FOLDERS = ('models.', 'model_zoo.networks.', 'datasets.transforms.', 'training.')


def hide(*packages):
    """Code that makes packages look absent to what follows it."""
    return f'HIDDEN = {packages}{HIDE}'


def register_afresh(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mitos_mmdet.register', raising=False)
    return importlib.import_module('mitos_mmdet.register')


def test_without_its_companions_one_line_says_what_to_install(run_python):
    # One process, which forgets what it imported before each try.
    absent = [('mmdet', 'mmcv', 'mmengine'), ('mmdet', ), ('mmcv', ), ('mmengine', )]
    done = run_python('-c', hide() + f'''
for HIDDEN in {absent}:
    for name in [name for name in sys.modules if name.partition('.')[0] in ('mitos_mmdet', 'mmdet', 'mmcv', 'mmengine')]:
        del sys.modules[name]
    try:
        import mitos_mmdet.register
        print('imported without', *HIDDEN)
    except ImportError as error:
        print(error)''')
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(absent)
    for line, hidden in zip(lines, absent, strict=True):
        assert hidden[0] in line and 'pip install "mitos_mmdet[onedl]"' in line


@pytest.mark.parametrize('version', ['2.28.2', '4.0.0', '30.1', None])  # None: a folder called mmdet on the path
def test_an_unsuited_mmdet_is_refused(monkeypatch, version):
    fake = types.ModuleType('mmdet')
    if version:
        fake.__version__ = version
    monkeypatch.setitem(sys.modules, 'mmdet', fake)
    with pytest.raises(ImportError, match=r'needs mmdet 3\.x, found .*pip install "mitos_mmdet\[onedl\]"') as error:
        register_afresh(monkeypatch)
    assert '\n' not in str(error.value) and (version or 'a folder') in str(error.value)


def test_an_mmdet_that_refuses_its_mmcv_is_explained(monkeypatch, tmp_path):
    # mmdet 3.3 with mmcv 2.2 ends in an AssertionError.
    (tmp_path / 'mmdet').mkdir()
    (tmp_path / 'mmdet' / '__init__.py').write_text("assert False, 'MMCV==2.2.0 is used but incompatible'\n")
    for name in [name for name in sys.modules if name.partition('.')[0] == 'mmdet']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r'incompatible.*pip install "mitos_mmdet\[onedl\]"') as error:
        register_afresh(monkeypatch)
    assert '\n' not in str(error.value)


def test_register_registers_into_mmdets_own_registries():
    from mmdet.registry import DATASETS, METRICS, MODELS, TRANSFORMS

    import mitos_mmdet.register  # noqa: F401

    for registry, name in ((DATASETS, 'MitosisDataset'), (TRANSFORMS, 'CentroidsToBoxes'), (TRANSFORMS, 'LoadFrame'),
                           (METRICS, 'CentroidMetric'), (MODELS, 'TiledDetector')):
        assert registry.get(name).__module__.startswith('mitos_mmdet.'), name


def test_pure_modules_import_without_torch_and_mmdet(run_python):
    root = Path(mitos_mmdet.__file__).parent
    files = [path.relative_to(root) for path in sorted(root.rglob('*.py')) if path.name != '__init__.py']
    names = ['.'.join(file.with_suffix('').parts) for file in files if '.mim' not in file.parts]
    pure = [name for name in names if name not in IMPURE and not name.startswith(IMPURE_FOLDERS)]
    assert {'core.lengths', 'tiling.grid', 'core.console', 'core.images', 'contests.midog', 'evaluation.matching'} < set(pure)
    done = run_python('-c', hide('torch', 'torchvision', 'mmdet', 'mmcv', 'mmengine') + f'''
import importlib, json
import mitos_mmdet
light = not any(name.partition('.')[0] in ('numpy', 'scipy', 'PIL', 'skimage') for name in sys.modules)
failed = {{}}
for name in {pure}:
    try:
        importlib.import_module(f'mitos_mmdet.{{name}}')
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps([light, failed]))''')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, {}]


def test_tools_explain_themselves_without_mmdet(run_python):
    # --help must not need what is not installed yet.
    tools = Path(mitos_mmdet.__file__).parents[1] / 'tools'
    for tool in ('convert_dataset.py', 'tile_dataset.py', 'make_sample.py'):
        use = f'import runpy\nsys.argv = [{str(tools / tool)!r}, "--help"]\nrunpy.run_path(sys.argv[0], run_name="__main__")'
        done = run_python('-c', hide('torch', 'torchvision', 'mmdet', 'mmcv', 'mmengine') + use)
        assert done.returncode == 0 and 'usage' in done.stdout, done.stderr
