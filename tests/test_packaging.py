"""What reaches an installed wheel and an editable install."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_editable_install_has_mim_files():
    # `make test` installs with -e: mim reads these.
    for name in ('configs/mitos/cascade_rcnn_midog.py', 'tools/train.py', 'model-index.yml'):
        assert (ROOT / 'mitos_mmdet' / '.mim' / name).is_file()


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


def test_model_index_names_real_configs():
    named = [line.split(':', 1)[1].strip() for line in (ROOT / 'model-index.yml').read_text().splitlines() if 'Config:' in line]
    assert named and all((ROOT / name).is_file() for name in named)
