import json
import shutil

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from PIL import Image

from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.preparation.candidate_dataset import collect
from mitos_mmdet.preparation.candidate_plan import CandidateSettings

pytestmark = pytest.mark.usefixtures('mmdet_scope')
FIGURES = [[(60, 50), (150, 100)], [], [(30, 120), (190, 10)]]  # xy of each frame's
SETTINGS = CandidateSettings('10px', patch_size=32, negatives=2)
WIDTH, HEIGHT = 200, 140


@pytest.fixture
def frames(tmp_path):
    """A data_root of three frames of noise, one of them without figures."""
    root = tmp_path / 'data'
    root.mkdir()
    noise = np.random.default_rng(0)
    images, annotations = [], []
    for number, figures in enumerate(FIGURES, start=1):
        Image.fromarray(noise.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)).save(root / f'{number}.png')
        images.append(dict(id=number, file_name=f'{number}.png', width=WIDTH, height=HEIGHT, um_per_px=[0.25, 0.25], case_id=str(number)))
        annotations += [dict(id=len(annotations) + place, image_id=number, category_id=1, bbox=[x - 5, y - 5, 10, 10], area=100, iscrowd=0,
                             centroid=[x, y]) for place, (x, y) in enumerate(figures, start=1)]
    write_json(dict(images=images, annotations=annotations, categories=categories()), root / 'frames.json')
    return root


def dataset(root, *transforms):
    from mmdet.registry import DATASETS

    pipeline = [dict(type='LoadFrame'), *transforms,
                dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'broken'))]
    return DATASETS.build(dict(type='MitosisDataset', data_root=f'{root}/', ann_file='frames.json', data_prefix=dict(img=''),
                               test_mode=True, serialize_data=False, pipeline=pipeline))


class PhaseOne:
    """Marks each frame's figures but the first, 3 px off, and 20 places without any; counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, data):
        self.calls += 1
        number = int(data['data_samples'][0].img_id)
        assert data['inputs'][0].dtype == torch.uint8
        centres = [(x + 3, y) for x, y in FIGURES[number - 1][1:]] + [(5 + 9 * place, 75) for place in range(20)]
        centres = torch.tensor(centres, dtype=torch.float32)
        return InstanceData(bboxes=torch.cat([centres - 4, centres + 4], dim=1), scores=torch.linspace(0.9, 0.5, len(centres)))


def content_of(out):
    """Every file below a folder."""
    return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob('*') if file.is_file()}


def test_patches_are_cut_from_the_frames(frames, tmp_path):
    lines, skipped = collect(dataset(frames), PhaseOne(), tmp_path / 'out', SETTINGS, dict())
    content = json.loads((tmp_path / 'out/candidates.json').read_text())
    assert not skipped and '12 patches of 32 px: 4 of mitotic figures, 8 of 60 negatives' in lines[1]
    assert len(content['images']) == len(list((tmp_path / 'out/images').iterdir())) == 12
    found = [image for image, annotation in zip(content['images'], content['annotations'], strict=True) if annotation['category_id'] == 1]
    assert [tuple(image['centre']) for image in found] == [(153, 100), (60, 50), (193, 10), (30, 120)]
    for image in content['images']:
        frame = np.pad(np.array(Image.open(frames / image['frame'])), ((16, 16), (16, 16), (0, 0)), constant_values=255)
        x, y = map(int, image['centre'])
        assert np.array_equal(np.array(Image.open(tmp_path / 'out/images' / image['file_name'])), frame[y:y + 32, x:x + 32])


def test_patches_are_of_the_frame_as_the_pipeline_gives_it(frames, tmp_path):
    # The test pipeline doubles the frame: 32 px of that, around the same place.
    collect(dataset(frames, dict(type='Resize', scale_factor=2.0)), PhaseOne(), tmp_path / 'out', SETTINGS, dict())
    content = json.loads((tmp_path / 'out/candidates.json').read_text())
    image = next(image for image in content['images'] if image['centre'] == [60, 50])
    large = dataset(frames, dict(type='Resize', scale_factor=2.0))[0]['inputs'].numpy()
    patch = np.array(Image.open(tmp_path / 'out/images' / image['file_name']))
    assert np.array_equal(patch, large[::-1, 84:116, 104:136].transpose(1, 2, 0))


def test_the_patches_are_a_dataset(frames, tmp_path):
    from mmdet.registry import DATASETS

    collect(dataset(frames), PhaseOne(), tmp_path / 'out', SETTINGS, dict())
    patches = DATASETS.build(dict(
        type='MitosisDataset', data_root=f'{tmp_path}/out/', ann_file='candidates.json', data_prefix=dict(img='images/'),
        metainfo=dict(classes=('mitotic figure', )),
        pipeline=[dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True), dict(type='PackDetInputs')]))
    items = [patches[index] for index in range(len(patches))]
    assert {item['inputs'].shape for item in items} == {(3, 32, 32)}
    assert sorted(len(item['data_samples'].gt_instances) for item in items) == [0] * 8 + [1] * 4
    assert patches.get_data_info(0)['um_per_px'] == [0.25, 0.25] and patches.get_data_info(0)['case_id'] == '1'


def test_the_same_again_changes_nothing_and_runs_nothing(frames, tmp_path):
    first, again = PhaseOne(), PhaseOne()
    lines, _ = collect(dataset(frames), first, tmp_path / 'out', SETTINGS, dict(config='a'))
    before = content_of(tmp_path / 'out')
    assert collect(dataset(frames), again, tmp_path / 'out', SETTINGS, dict(config='a'))[0] == lines
    assert (first.calls, again.calls) == (3, 0) and content_of(tmp_path / 'out') == before
    collect(dataset(frames), PhaseOne(), tmp_path / 'elsewhere', SETTINGS, dict(config='a'))
    assert content_of(tmp_path / 'elsewhere') == before


@pytest.mark.parametrize('calls', [0, 1, 2])
def test_a_run_that_died_goes_on(frames, tmp_path, calls):
    class Dies(PhaseOne):
        def __call__(self, data):
            if self.calls == calls:
                raise KeyboardInterrupt
            return super().__call__(data)

    collect(dataset(frames), PhaseOne(), tmp_path / 'whole', SETTINGS, dict())
    with pytest.raises(KeyboardInterrupt):
        collect(dataset(frames), Dies(), tmp_path / 'out', SETTINGS, dict())
    assert not (tmp_path / 'out/candidates.json').exists()
    rest = PhaseOne()
    collect(dataset(frames), rest, tmp_path / 'out', SETTINGS, dict())
    assert rest.calls == 3 - calls and content_of(tmp_path / 'out') == content_of(tmp_path / 'whole')


def test_a_run_that_died_over_its_patches_goes_on(frames, tmp_path):
    collect(dataset(frames), PhaseOne(), tmp_path / 'whole', SETTINGS, dict())
    out = shutil.copytree(tmp_path / 'whole', tmp_path / 'out')
    (out / 'candidates.json').unlink()
    removed = sorted((out / 'images').iterdir())[5:]
    for file in removed:
        file.unlink()
    (out / 'images' / f'.{removed[0].name}.part').write_bytes(b'half a picture')
    collect(dataset(frames), PhaseOne(), out, SETTINGS, dict())
    assert content_of(out) == content_of(tmp_path / 'whole')


def test_a_broken_frame_is_left_out(frames, tmp_path):
    (frames / '1.png').write_bytes((frames / '1.png').read_bytes()[:500])
    lines, skipped = collect(dataset(frames), PhaseOne(), tmp_path / 'out', SETTINGS, dict())
    (file, reason), = skipped
    assert file.endswith('1.png') and 'damaged' in reason and file not in reason
    assert lines[0].startswith('2 frames') and '1 of 2 mitotic figures hit' in lines[0]


@pytest.mark.parametrize(('settings', 'origin', 'says'), [
    (SETTINGS, dict(checkpoint='b'), 'checkpoint a there, b now'),
    (CandidateSettings('10px', patch_size=48, negatives=2), dict(checkpoint='a'), 'patch_size 32 there, 48 now'),
    (CandidateSettings('10px', patch_size=32, negatives=2, seed=1), dict(checkpoint='a'), 'seed 0 there, 1 now'),
])
def test_a_folder_of_other_candidates_is_refused(frames, tmp_path, settings, origin, says):
    collect(dataset(frames), PhaseOne(), tmp_path / 'out', SETTINGS, dict(checkpoint='a'))
    before = content_of(tmp_path / 'out')
    with pytest.raises(ValueError, match=says):
        collect(dataset(frames), PhaseOne(), tmp_path / 'out', settings, origin)
    assert content_of(tmp_path / 'out') == before


@pytest.mark.parametrize(('name', 'says'), [('thesis.txt', 'no collection.json'), ('collection.json', 'not the settings')])
def test_a_folder_of_something_else_is_refused(frames, tmp_path, name, says):
    (tmp_path / name).write_text('x')
    with pytest.raises(ValueError, match=says):
        collect(dataset(frames), PhaseOne(), tmp_path, SETTINGS, dict())
    assert (tmp_path / name).read_text() == 'x' and not (tmp_path / 'found').exists()


def test_patches_of_a_resized_frame_have_its_new_pixel_size(frames, tmp_path):
    collect(dataset(frames, dict(type='ResizeToPixelSize', um_per_px=0.5)), PhaseOne(), tmp_path / 'out', SETTINGS, dict())
    images = json.loads((tmp_path / 'out/candidates.json').read_text())['images']
    assert images and all(image['um_per_px'] == [0.5, 0.5] for image in images)
