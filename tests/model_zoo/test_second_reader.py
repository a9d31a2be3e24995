"""The bundled second reader, and what it does to the scores of a slide's detections."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mitos_mmdet.model_zoo import bundled, load_model
from mitos_mmdet.model_zoo.bundled import bundled_names, find_bundled
from mitos_mmdet.model_zoo.roi_head_readers import KIND
from mitos_mmdet.model_zoo.second_reader import SecondReader, load_second_reader
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.second_reading import read_again

pytestmark = pytest.mark.skipif(not bundled_names(KIND), reason='no second reader comes with this installation')


class OpinionByColour:
    """Networks for tests: what is darker is likelier."""

    name, sha256, um_per_px, crop_size, weight, normalizer = 'colour', '0' * 64, 0.25, 16, 0.5, None

    def __init__(self, weight=0.5):
        self.weight = weight

    def prepare(self, crop, stain):
        assert stain is None
        return crop

    def predict(self, crops):
        return 1 - crops.mean(axis=(1, 2, 3)) / 255


class TwoTones:
    """A slide for tests: black on the left, white on the right."""

    um_per_px, size = (0.5, 0.5), (100, 40)

    def read(self, x, y, width, height, um_per_px):
        assert (width, height, um_per_px) == (8.0, 8.0, 0.25)  # 16 px of 0.25 um
        return np.full((16, 16, 3), 0 if x < 50 else 255, np.uint8)


def test_scores_are_the_mean_of_both_and_sorted():
    found = Detections([[80, 20], [20, 20], [20, 30], [30, 20]], [0.9, 0.6, 0.1, 0.8], [0, 0, 0, 1], (0.5, 0.5), (100, 40))
    calls = []
    again = read_again(TwoTones(), found, SecondReader([OpinionByColour()]), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 2)]
    # Read again: white falls to a half, black rises; too low a score and the other class are not read again.
    assert again.points.tolist() == [[20, 20], [30, 20], [80, 20], [20, 30]]
    assert np.allclose(again.scores, [0.8, 0.8, 0.45, 0.05]) and again.labels.tolist() == [0, 1, 0, 0]


def test_every_group_of_networks_counts_by_its_weight():
    found = Detections([[20, 20], [80, 20]], [0.9, 0.5], [0, 0], (0.5, 0.5), (100, 40))
    calls = []
    reader = SecondReader([OpinionByColour(0.2), OpinionByColour(0.3)])
    again = read_again(TwoTones(), found, reader, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 4), (4, 4)]
    assert np.allclose(again.scores, [0.5 * 0.9 + 0.5, 0.25])
    others = [SecondReader([OpinionByColour(0.2), OpinionByColour(weight)]) for weight in (0.3, 0.4)]
    assert reader.sha256 == others[0].sha256 != others[1].sha256


@pytest.mark.parametrize('device, steps', [('cpu', [4, 8, 10]), ('cuda', [10])])
def test_a_gpu_takes_more_crops_at_a_time(device, steps):
    found = Detections([[20, 20]] * 10, [0.9] * 10, [0] * 10, (0.5, 0.5), (100, 40))
    calls = []
    read_again(TwoTones(), found, SecondReader([OpinionByColour()]), progress=lambda done, total: calls.append(done), device=device)
    assert calls == steps


def test_what_the_detector_finds_stays_however_low_the_mean(shared_data):
    from mitos_mmdet.slides import detect, open_slide

    model = load_model(device='cpu', engine='torch')
    with open_slide(shared_data / 'mitos_atypia14/H05/frames/x40/H05_02Bc.jpg', um_per_px=0.2274) as slide:
        both = detect(slide, model)
        model.second_reader = None
        alone = detect(slide, model)
    assert len(both) == len(alone) and both.scores.min() < 0.05 <= alone.scores.min()
    assert not np.allclose(both.scores, alone.scores) and sorted(both.points.tolist()) == sorted(alone.points.tolist())


def test_nothing_found_is_nothing_to_read():
    class Unread(TwoTones):
        def read(self, *args, **kwargs):
            raise AssertionError('read')
    assert len(read_again(Unread(), Detections([], [], [], (0.5, 0.5), (100, 40)), SecondReader([OpinionByColour()]))) == 0


def random_crops(group, count):
    return np.random.default_rng(0).integers(0, 256, (count, group.crop_size, group.crop_size, 3), dtype=np.uint8)


def test_the_bundled_networks_give_probabilities_that_depend_on_the_crop():
    reader = load_second_reader(find_bundled().card)
    for group in reader.groups:
        crops = random_crops(group, 3)
        one, two = group.predict(crops), group.predict(crops[1:])
        assert one.shape == (3, ) and ((one >= 0) & (one <= 1)).all() and len(np.unique(one)) == 3
        assert np.allclose(one[1:], two, atol=1e-6) and group.predict(crops[:0]).shape == (0, )
    # RoI heads test on normalised frames; classifiers take the colours of the scanner.
    assert [group.normalizer is None for group in reader.groups] == [False, True]


def test_openvino_gives_what_torch_gives(monkeypatch, tmp_path):
    pytest.importorskip('openvino')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    card = find_bundled().card
    readers = [load_second_reader(card, engine=engine) for engine in ('torch', 'openvino', 'openvino')]  # exported, then from the cache
    for groups in zip(*(reader.groups for reader in readers), strict=True):
        crops = random_crops(groups[0], 5)
        wanted, *found = [group.predict(crops) for group in groups]
        assert all(np.allclose(one, wanted, atol=1e-5) for one in found) and groups[1].predict(crops[:0]).shape == (0, )
        assert not np.allclose(groups[1].predict(crops[..., ::-1]), wanted, atol=1e-3)
        with ThreadPoolExecutor(4) as pool:  # threads may share a reader
            for group in groups[:2]:
                shared = pool.map(group.predict, [crops, crops[1:]] * 4)
                assert all(np.allclose(one, wanted[number % 2:], atol=1e-5) for number, one in enumerate(shared))
    assert len(list((tmp_path / 'mitos_mmdet').glob('*/network.xml'))) == sum(len(chosen['models']) for chosen in card['second_reader'])
    assert len({reader.sha256 for reader in readers}) == 1


@pytest.mark.parametrize('group', range(2))
def test_networks_of_a_group_count_alike(group):
    chosen = find_bundled().card['second_reader'][group]
    alone = [load_second_reader(dict(second_reader=[dict(chosen, models=[name])])) for name in chosen['models']]
    both = load_second_reader(dict(second_reader=[chosen]))
    crops = random_crops(both.groups[0], 2)
    opinions = [reader.groups[0].predict(crops) for reader in alone]
    assert not np.allclose(*opinions) and np.allclose(both.groups[0].predict(crops), np.mean(opinions, axis=0))
    assert len({reader.sha256 for reader in (*alone, both)}) == 3 and both.name == ' and '.join(chosen['models'])


def test_all_find_the_mitotic_figures_of_real_labels_likelier_than_the_hard_negatives(shared_data):
    from mitos_mmdet.slides import open_slide
    from mitos_mmdet.slides.crops import read_crops
    from mitos_mmdet.slides.slide_stain import slide_stain

    with open_slide(shared_data / 'mitos_atypia14/H05/frames/x40/H05_02Bc.jpg', um_per_px=0.2274) as slide:
        for group in load_second_reader(find_bundled().card).groups:
            stain, _ = slide_stain(slide, group)
            found = {}
            for kind in ('mitosis', 'not_mitosis'):
                text = (shared_data / f'mitos_atypia14/H05/mitosis/H05_02Bc_{kind}.csv').read_text()
                points = np.array([[float(value) for value in line.split(',')[:2]] for line in text.split()])
                found[kind] = np.concatenate([group.predict(np.stack([group.prepare(crop, stain) for crop in crops]))
                                              for _, crops in read_crops(slide, points, group.crop_size, group.um_per_px)])
            assert np.median(found['mitosis']) > np.median(found['not_mitosis'])


def test_the_model_is_told_from_those_without_a_reader_or_with_another(tmp_path, monkeypatch):
    with_reader = load_model(device='cpu', engine='torch')
    for file in bundled.WEIGHTS.iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(bundled, 'WEIGHTS', tmp_path)
    path = tmp_path / f'{with_reader.name}.json'
    card = json.loads(path.read_text())
    digests = {with_reader.sha256}
    first, *others = card['second_reader']
    for reader in (None, [dict(first, weight=0.5), *others], [dict(first, models=first['models'][:1]), *others], [first]):
        path.write_text(json.dumps(dict(card, second_reader=reader)))
        digests.add(load_model(device='cpu', engine='torch').sha256)
    assert len(digests) == 5 and card['sha256'] in digests


@pytest.mark.parametrize('group', range(2))
def test_a_damaged_reader_is_refused(tmp_path, monkeypatch, group):
    card = find_bundled().card
    for file in bundled.WEIGHTS.iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(bundled, 'WEIGHTS', tmp_path)
    weights = tmp_path / f"{card['second_reader'][group]['models'][-1]}.pth"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f'{weights.name}: damaged or exchanged'):
        load_second_reader(card)
