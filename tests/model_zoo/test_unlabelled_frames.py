"""``mitos test --out`` on frames that nobody labelled just predicts."""

import json

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import test as command
from mitos_mmdet.datasets.coco_format import categories


@pytest.fixture
def unlabelled(tmp_path):
    """A ``data_root`` with one frame without labels."""
    random = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    Image.fromarray(np.kron(random.integers(60, 256, (20, 30, 3)), np.ones((8, 8, 1))).astype(np.uint8)).save(tmp_path / 'images' / 'a.png')
    image = dict(id=1, file_name='images/a.png', width=240, height=160, labelled=False, um_per_px=[0.25, 0.25])
    (tmp_path / 'annotations_val.json').write_text(json.dumps(dict(images=[image], annotations=[], categories=categories())))
    return tmp_path


def test_it_predicts_and_scores_nothing(tiny_model, unlabelled, tmp_path, monkeypatch):
    monkeypatch.setattr(command, 'end_processes', lambda: None)
    out = tmp_path / 'found.json'
    arguments = [*map(str, tiny_model), '--data-root', str(unlabelled), '--device', 'cpu', '--work-dir', str(tmp_path / 'work'),
                 '--cfg-options', 'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
    command.main([*arguments, '--out', str(out)])
    text = out.read_text()
    assert 'a.png' in text and 'score' in text
    with pytest.raises(ValueError, match='none of its 1 images is labelled.*mitos test --out'):
        command.main(arguments)
