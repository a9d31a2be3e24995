"""The recommended config trains by the commands of docs/model_card.md, on made-up frames and patches in the same folders."""

import json

import numpy as np
from PIL import Image

from mitos_mmdet.model_zoo import load_model

CONFIG = 'configs/mitos/rtmdet_efficientnet-lite0_atypia14.py'
# One iteration of two crops, then one frame to validate on.
SHORT = ('train_cfg.max_iters=1 train_cfg.val_interval=1 train_dataloader.batch_size=2 train_dataloader.num_workers=0 '
         'train_dataloader.persistent_workers=False val_dataloader.num_workers=0 val_dataloader.persistent_workers=False '
         'val_dataloader.dataset.indices=1 model.tile_size=256 model.overlap=64 default_hooks.logger.interval=1 '
         'train_dataloader.dataset.datasets.0.crop_size=128 train_dataloader.dataset.datasets.1.crop_size=128')


def lay_out(sample, root):
    """The sample's frames as contest frames, and patches cut from them around mitotic figures."""
    (root / 'atypia14').mkdir()
    (root / 'ami_br').mkdir()
    for split in ('train', 'val'):
        truth = json.loads((sample / f'annotations_{"train" if split == "train" else "test"}.json').read_text())
        for image in truth['images']:
            (root / 'atypia14' / image['file_name']).write_bytes((sample / 'images' / image['file_name']).read_bytes())
            image['um_per_px'] = [0.2274, 0.2274]
        (root / f'atypia14/annotations_{split}.json').write_text(json.dumps(truth))
    frame = next(image for image in truth['images'] if any(one['image_id'] == image['id'] for one in truth['annotations']))
    pixels = np.asarray(Image.open(root / 'atypia14' / frame['file_name']).convert('RGB'))
    Image.fromarray(pixels[:128, :128]).save(root / 'ami_br/patch.png')
    patches = dict(truth, images=[dict(frame, file_name='patch.png', width=128, height=128)],
                   annotations=[dict(id=1, image_id=frame['id'], category_id=1, bbox=[39, 39, 50, 50], centroid=[64, 64])])
    (root / 'ami_br/annotations.json').write_text(json.dumps(patches))


def test_it_trains_validates_and_detects(sample, run_tool, tmp_path):
    lay_out(sample, tmp_path)
    for folder, split, by in (('atypia14', 'annotations_train', ''), ('ami_br', 'annotations', '--by case')):
        stains = tmp_path / folder / f"{split.replace('annotations', 'stains')}.json"
        run_tool(f'measure_stains.py {tmp_path}/{folder}/{split}.json {tmp_path}/{folder} {by} --out {stains}')
    done = run_tool(f'train.py {CONFIG} --work-dir {tmp_path}/work --data-root {tmp_path}/ --cfg-options {SHORT}')
    assert '[1/1]' in done.stdout + done.stderr and 'centroid/f1' in done.stdout + done.stderr
    assert load_model(CONFIG, tmp_path / 'work', device='cpu').classes == ('mitotic figure', )
