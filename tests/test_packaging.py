"""What reaches an installed wheel and an editable install."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_editable_install_has_mim_files():
    # `make test` installs with -e: mim reads these.
    for name in ('configs/mitos/cascade_rcnn_midog.py', 'tools/train.py', 'model-index.yml'):
        assert (ROOT / 'mitos_mmdet' / '.mim' / name).is_file()


def test_a_folder_of_the_package_s_name_does_not_hide_it(tmp_path):
    # As the folder of a clone does, for a script beside it.
    (tmp_path / 'mitos_mmdet').mkdir()
    (tmp_path / 'script.py').write_text('import mitos_mmdet\nprint(mitos_mmdet.__file__)\n')
    found = subprocess.run([sys.executable, 'script.py'], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == ROOT / 'mitos_mmdet' / '__init__.py'


def test_wheel_holds_all(tmp_path):
    # Built from a copy: a build leaves folders behind.
    copy = tmp_path / 'source'
    subprocess.run(['git', 'clone', '--quiet', '--no-hardlinks', str(ROOT), str(copy)], check=True)
    flags = ['--quiet', '--no-deps', '--no-build-isolation', '--wheel-dir', str(tmp_path)]
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', *flags, '.'], cwd=copy, check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob('*.whl'))).namelist())
    tracked = subprocess.run(['git', 'ls-files', 'configs', 'tools', 'model-index.yml', 'mitos_mmdet'], cwd=copy, capture_output=True,
                             text=True, check=True).stdout.split()
    wanted = {name if name.startswith('mitos_mmdet/') else f'mitos_mmdet/.mim/{name}' for name in tracked}
    assert len(tracked) > 50 and wanted <= names, sorted(wanted - names)


def test_no_module_names_a_tool_that_only_a_checkout_has():
    named = [f'{path.relative_to(ROOT)}:{number}' for path in (ROOT / 'mitos_mmdet').rglob('*.py') if '.mim' not in path.parts
             for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), start=1) if re.search(r'\btools/\w+\.py', line)]
    assert not named


def models():
    """Every model that model-index.yml imports, as mim reads it."""
    for name in yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']:
        metafile = yaml.safe_load((ROOT / name).read_text())
        collections = {part['Name']: part for part in metafile['Collections']}
        for model in metafile['Models']:
            yield model, collections[model['In Collection']]


def test_model_index_names_every_config_once():
    named = sorted(model['Config'] for model, _ in models())
    assert named == sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'configs/mitos').rglob('*.py'))
    # mim and the default work dir go by the name alone.
    assert all(Path(model['Config']).stem == model['Name'] for model, _ in models())
    assert len({model['Name'] for model, _ in models()}) == len(named)


def test_metafiles_are_complete():
    for model, collection in models():
        assert {'Title', 'URL'} <= set(collection['Paper']) and (ROOT / collection['README']).is_file()
        assert model['Metadata']['Training Data'] and model['Metadata']['Parameters'] > 100_000
        for result in model.get('Results', []):
            assert result['Dataset'] and all(0 < value < 1 for value in result['Metrics'].values())
        if 'Weights' in model and '://' not in model['Weights']:
            assert (ROOT / model['Weights']).is_file()


def test_small_configs_are_named_so():
    folders = {path.stem: path.parent.name for path in (ROOT / 'configs').rglob('*.py')}
    assert [name for name, folder in folders.items() if folder == 'small' and 'small' not in name.split('_')] == []
    assert [name for name in folders if {'slim', 'cpu'} & set(name.split('_'))] == []


def test_what_modules_import_at_once_is_required():
    # pycocotools was in the extra for tests alone, and `mitos evaluate` ended with an ImportError.
    calls = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8')).body
    keywords = {keyword.arg: keyword.value for keyword in calls[-1].value.keywords}
    required = {re.split('[<>=!~ ;]', name)[0].lower() for name in ast.literal_eval(keywords['install_requires'])}
    packages = {'PIL': 'pillow', 'cv2': 'opencv-python', 'skimage': 'scikit-image', 'yaml': 'pyyaml'}
    # Of the extra that brings mmdet; jinja2's own; in modules that are loaded only where the extra is there.
    line = {'mmdet', 'mmcv', 'mmengine', 'terminaltables', 'markupsafe', 'openvino', 'ray'}
    found = set()
    for file in (ROOT / 'mitos_mmdet').rglob('*.py'):
        for node in ast.parse(file.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.Import):
                found |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split('.')[0])
    found -= {*sys.stdlib_module_names, 'mitos_mmdet', *line}
    assert {packages.get(name, name).lower() for name in found} <= required


def test_project_files_agree():
    version = re.search(r"__version__ = '(.+)'", (ROOT / 'mitos_mmdet/__init__.py').read_text())[1]
    assert yaml.safe_load((ROOT / 'CITATION.cff').read_text())['version'] == version
    assert f'\n## {version}\n' in (ROOT / 'CHANGELOG.md').read_text()
    steps = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text())['jobs']['ci']['steps']
    assert any(step.get('run') == '.ci/run' for step in steps)
    assert yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']


def test_contributing_names_every_folder():
    text = (ROOT / 'CONTRIBUTING.md').read_text()
    folders = {path.parent.name for path in (ROOT / 'mitos_mmdet').glob('*/__init__.py')}
    assert [folder for folder in folders if f'`{folder}/`' not in text] == []
