"""How well do a detector's masks fit real outlines? IoU with ICPR 2012's, over the hits of tools/test.py --out on its frames.

    python benchmarks/mask_fit.py data/icpr2012 detections.json --picture fit.png

Beside the mask stand what a detector without masks has: the ellipse in its box, and a circle of 13 px (the middle of the training's
circles) around its centre.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from mitos_mmdet.contests.icpr2012 import read
from mitos_mmdet.core.console import run
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.mask_pictures import draw_masks

CIRCLE = 13  # px
YELLOW = (214, 158, 0)
TILE = 80  # px of the frame that the picture shows around a hit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the ICPR 2012 frames and their csv')
    parser.add_argument('detections', help='of tools/test.py --out, from a detector of masks')
    parser.add_argument('--radius', default='30px')
    parser.add_argument('--threshold', type=float, help='lowest score of a detection (default: that of the best F1 on these frames)')
    parser.add_argument('--picture', metavar='FILE.png', help='all hits, mask green and real outline yellow, without the tissue')
    args = parser.parse_args()
    outlines = {Path(frame.file_name).stem: [label.outline for label in frame.labels] for frame in read(args.root).frames}
    found = {Path(frame['file_name']).stem: frame for frame in json.loads(Path(args.detections).read_text())['frames']}
    if set(found) != set(outlines) or not all('mask' in point for frame in found.values() for point in frame['points']):
        raise ValueError(f'{args.detections}: not detections with masks on the frames of {args.root}. Test a mask config on them')
    hits = _hits(outlines, found, Length.parse(args.radius), args.threshold)
    if not hits:
        raise ValueError(f'{args.detections}: no figure is hit within {args.radius} at this score: nothing to measure. Lower --threshold')
    ious = np.array([[_iou(shape, real) for shape in shapes] for real, *shapes in hits])
    for name, column in zip(('mask', 'ellipse in the box', f'circle of {CIRCLE} px'), ious.T, strict=True):
        print(f'{name:20s} mean IoU {column.mean():.3f}, sd {column.std():.3f}, lowest {column.min():.3f}, above 0.5: '
              f'{(column > 0.5).mean():.0%}')
    areas = np.array([[coco_mask.area(real), coco_mask.area(mask)] for real, mask, *_ in hits])
    print(f'{len(hits)} hits; area {areas[:, 1].mean():.0f} px against {areas[:, 0].mean():.0f} px of the outlines, correlation '
          f'{np.corrcoef(areas.T)[0, 1]:.2f}')
    if args.picture:
        Image.fromarray(_picture(hits)).save(args.picture)


def _hits(outlines, found, radius, threshold):
    """One ``[outline, mask, ellipse, circle]`` a hit, run lengths of the frame."""
    names = sorted(outlines)
    frames = [Frame([outline.mean(axis=0) for outline in outlines[name]], [(point['x'], point['y']) for point in found[name]['points']],
                    [point['score'] for point in found[name]['points']], found[name]['um_per_px'], name) for name in names]
    result = evaluate(frames, radius, threshold=threshold, resamples=0)
    overall = result.overall
    print(f'{overall.tp} hits, {overall.fp} false positives, {overall.fn} misses at a score of {result.threshold.value:.3f}')
    hits = []
    for name, match in zip(names, result.matches, strict=True):
        height, width = found[name]['height'], found[name]['width']
        for outline, place in zip(outlines[name], match.truth_to_pred, strict=True):
            if place >= 0:
                point = found[name]['points'][place]
                x1, y1, x2, y2 = point['box']
                hits.append([_pixels(outline, width, height), point['mask'],
                             _ellipse(point['x'], point['y'], (x2 - x1) / 2, (y2 - y1) / 2, width, height),
                             _ellipse(point['x'], point['y'], CIRCLE, CIRCLE, width, height)])
    return hits


def _pixels(outline, width, height):
    real = np.zeros((height, width), np.uint8, order='F')
    real[outline[:, 1], outline[:, 0]] = 1
    return coco_mask.encode(real)


def _ellipse(x, y, half_width, half_height, width, height):
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    polygon = np.column_stack([x + half_width * np.cos(angles), y + half_height * np.sin(angles)])
    return coco_mask.frPyObjects([polygon.ravel().tolist()], height, width)[0]


def _iou(mask, real):
    return coco_mask.iou([mask], [real], [False])[0, 0]


def _picture(hits, columns=8):
    tiles = []
    for real, mask, *_ in hits:
        x, y, width, height = coco_mask.toBbox(real).astype(int)
        top, left = (max(0, low + side // 2 - TILE // 2) for low, side in ((y, height), (x, width)))
        blank = np.full((*real['size'], 3), 255, np.uint8)
        drawn = draw_masks(draw_masks(blank, [real], YELLOW, 1), [mask], width_px=1)[top:top + TILE, left:left + TILE]
        tiles.append(np.pad(drawn, ((1, TILE + 1 - drawn.shape[0]), (1, TILE + 1 - drawn.shape[1]), (0, 0)), constant_values=200))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows).repeat(2, axis=0).repeat(2, axis=1)


if __name__ == '__main__':
    run(main)
