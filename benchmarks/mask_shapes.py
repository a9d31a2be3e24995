"""How well do drawn masks fit real outlines? IoU of ``CentroidsToMasks``'s shapes with the outlines of ICPR 2012.

    python benchmarks/mask_shapes.py data/icpr2012

Each figure is drawn with every seed, as a training with that seed would; the mean is over figures and seeds.
"""

import argparse

import numpy as np
from pycocotools import mask as coco_mask

from mitos_mmdet.contests.icpr2012 import read
from mitos_mmdet.core.console import run
from mitos_mmdet.core.masks import SHAPES, draw_shape, stable_generator

RADIUS, HALF_AXES, ANGLES = (10, 16), (5, 13), (60, 90)  # px and degrees, as in the paper
MARGIN = 40  # px around an outline, more than any shape


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('root', help='folder of the ICPR 2012 frames and their csv')
    parser.add_argument('--seeds', type=int, default=100)
    args = parser.parse_args()
    labels = [(frame, label) for frame in read(args.root).frames for label in frame.labels]
    areas = np.array([len(label.outline) for _, label in labels])
    print(f'{len(labels)} outlines of {areas.mean():.0f} px on average, as large as circles of radius {np.sqrt(areas / np.pi).min():.1f} '
          f'to {np.sqrt(areas / np.pi).max():.1f} px, {np.sqrt(areas / np.pi).mean():.1f} on average')
    print('shape     mean IoU  sd over figures  lowest figure  above 0.5')
    for shape in SHAPES:
        iou = np.array([[_iou(shape, seed, frame, label) for seed in range(args.seeds)] for frame, label in labels])
        figures = iou.mean(axis=1)
        print(f'{shape:8s}  {iou.mean():8.3f}  {figures.std():15.3f}  {figures.min():13.3f}  {(iou > 0.5).mean():8.0%}')


def _iou(shape, seed, frame, label):
    low = label.outline.min(axis=0) - MARGIN
    side = int((label.outline.max(axis=0) + MARGIN - low).max()) + 1
    real = np.zeros((side, side), bool)
    columns, rows = (label.outline - low).T
    real[rows, columns] = True
    name = frame.file_name.rsplit('/', 1)[-1]
    polygon = draw_shape(shape, stable_generator(seed, name, label.centroid), RADIUS, HALF_AXES, ANGLES)
    polygon = polygon + label.centroid - low
    drawn = coco_mask.decode(coco_mask.frPyObjects([polygon.ravel().tolist()], side, side))[..., 0].astype(bool)
    return (real & drawn).sum() / (real | drawn).sum()


if __name__ == '__main__':
    run(main)
