"""Every model in the package is whole, small, and says what it is."""

import pytest

from mitos_mmdet.model_zoo.bundled import WEIGHTS, bundled_names, check_sha256, find_bundled


@pytest.mark.parametrize('name', [path.stem for path in sorted(WEIGHTS.glob('*.json'))])
def test_a_bundled_model_is_what_its_card_says(name):
    model = find_bundled(name, kind=None)
    assert check_sha256(model.checkpoint, model.card['sha256']) == model.card['sha256']
    assert model.checkpoint.stat().st_size < 20e6 and 0.1 < model.card['um_per_px'] < 1 and 0 < model.card['threshold'] < 1
    kind = model.card.get('kind', 'detector')
    assert ('mitotic figure' in model.card['classes']) == (kind != 'atypical')
    assert (model.config is not None and model.config.is_file()) == (kind in ('detector', 'second reader'))


def test_a_detector_is_bundled_and_one_is_the_default():
    assert sum(find_bundled(name).card.get('default', False) for name in bundled_names()) == 1
