"""What makes earlier results stale."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mitos_mmdet.slides.cohort.run_cohort import _facts
from mitos_mmdet.slides.fingerprint import fingerprint

sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model  # noqa: E402


@pytest.mark.parametrize('name', ['second_reader', 'atypical'])
def test_networks_beside_the_detector_count(tmp_path, name):
    slide = tmp_path / 'a.png'
    slide.write_bytes(b'slide')
    models = [disc_model() for _ in range(3)]
    for model, sha256 in zip(models[1:], 'ab', strict=True):
        setattr(model, name, SimpleNamespace(sha256=sha256))
    stamps = [fingerprint(slide, model) for model in models]
    assert stamps[0] != stamps[1] != stamps[2]
    assert [fingerprint(slide, _facts(model)) for model in models] == stamps, 'a cohort compares the same'


@pytest.mark.parametrize('name, value', [('tile_size', 128), ('overlap', 8), ('threshold', 0.9), ('um_per_px', 0.3)])
def test_settings_of_the_model_count(tmp_path, name, value):
    slide = tmp_path / 'a.png'
    slide.write_bytes(b'slide')
    model = disc_model()
    stamp = fingerprint(slide, model)
    setattr(model, name, value)
    assert fingerprint(slide, model) != stamp and fingerprint(slide, _facts(model)) == fingerprint(slide, model)
