"""How many figures a two-stage detector's proposals reach, and what the detector costs: one row a model.

    python benchmarks/proposal_recall.py configs/mitos/small/mitos_rcnn_vgg16_small_atypia14.py work_dirs/mitos_rcnn_vgg16_small_atypia14

Each test frame, as its pipeline gives it, is cut into tiles of the config's size side by side. A figure (of any class) is reached where
one of the N best proposals of its tile overlaps its box by the IoU. Time and memory are those of whole frames through TiledDetector.
"""

import argparse
import resource
import time

import numpy as np
import torch
from tqdm import tqdm

from mitos_mmdet import compat
from mitos_mmdet.core.centroids import centroids_to_boxes
from mitos_mmdet.core.console import run
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.tiling.grid import tile_grid


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint', help='a .pth file or a work dir')
    parser.add_argument('--data-root', help="in place of the config's")
    parser.add_argument('--numbers', type=int, nargs='+', default=[50, 100, 300], help='of proposals a tile (default: 50 100 300)')
    parser.add_argument('--iou', type=float, default=0.5)
    parser.add_argument('--size', default='30px', help='side of a box in the frame (default: 30px, as MITOS-RCNN trains)')
    args = parser.parse_args()
    compat.install()
    model, dataset = load(args)
    truth, proposals, seconds = [], [], []
    for index in tqdm(range(len(dataset)), desc='frames'):
        item = dataset[index]
        frame, sample = item['inputs'], item['data_samples']
        propose(model, frame, sample, Length.parse(args.size), truth, proposals)
        start = time.process_time()
        model.test_step(dict(inputs=[frame], data_samples=[sample]))
        seconds.append(time.process_time() - start)
    print(f'{args.config}: {sum(map(len, truth))} figures in {len(dataset)} frames, IoU {args.iou}')
    print('  '.join(f'recall at {number} proposals: {share:.3f}' for number, share in zip(
        args.numbers, recalls(truth, proposals, args.numbers, args.iou), strict=True)))
    print(f'{np.median(seconds):.2f} CPU seconds per frame, {sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters, '
          f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB at the peak')


def load(args):
    from mmdet.apis import init_detector
    from mmdet.registry import DATASETS

    from mitos_mmdet.compat.checkpoints import find_checkpoint

    model = init_detector(args.config, str(find_checkpoint(args.checkpoint)), device='cpu', cfg_options={})
    settings = model.cfg.test_dataloader.dataset
    if args.data_root:
        settings.data_root = args.data_root
    return model, DATASETS.build(settings)


@torch.no_grad()
def propose(model, frame, sample, size, truth, proposals):
    """Adds each tile's figures and proposals, ``(N, 4)`` xyxy px of the tile, the proposals best first."""
    scale = np.array(sample.metainfo.get('scale_factor', (1.0, 1.0)))
    centroids = np.array([instance['centroid'] for instance in sample.instances], float).reshape(-1, 2)
    sides = size.to_px(sample.metainfo.get('um_per_px'), sample.img_path)
    figures = centroids_to_boxes(centroids, sides) * np.tile(scale, 2)
    centroids = centroids * scale
    height, width = frame.shape[-2:]
    for x1, y1, x2, y2 in tile_grid(width, height, model.tile_size, 0).tolist():
        tile = type(sample)(metainfo=dict(img_shape=(y2 - y1, x2 - x1), ori_shape=(y2 - y1, x2 - x1), scale_factor=(1.0, 1.0)))
        data = model.data_preprocessor(dict(inputs=[frame[:, y1:y2, x1:x2]], data_samples=[tile]))
        features = model.extract_feat(data['inputs'])
        found = model.detector.rpn_head.predict(features, data['data_samples'])[0]
        inside = ((centroids >= [x1, y1]) & (centroids < [x2, y2])).all(axis=1)
        truth.append(figures[inside] - [x1, y1, x1, y1])
        proposals.append(found.bboxes[found.scores.argsort(descending=True)].numpy())


def recalls(truth, proposals, numbers, iou):
    from mmdet.structures.bbox import bbox_overlaps

    reached = np.zeros(len(numbers))
    for figures, boxes in zip(truth, proposals, strict=True):
        overlaps = bbox_overlaps(torch.tensor(figures, dtype=torch.float32), torch.tensor(boxes, dtype=torch.float32)).numpy()
        reached += [(overlaps[:, :number].max(axis=1, initial=0) >= iou).sum() for number in numbers]
    return reached / max(sum(map(len, truth)), 1)


if __name__ == '__main__':
    run(main)
