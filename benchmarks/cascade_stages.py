"""What each stage of a proposal cascade is worth: recall of its proposals, and F1 of the detection network fed with them alone.

    python benchmarks/cascade_stages.py configs/mitos/small/mitos_rcnn_vgg16_small_atypia14.py work_dirs/mitos_rcnn_vgg16_small_atypia14

Stages: RPN_1's boxes; these in the order of RPN_2's scores; these as RPN_2 moves them; RPN_2's windows; all together, as the detector
has them. Then, on the training tiles, how RPN_1's and RPN_2's scores follow a box's overlap with its figure.
"""

import argparse

import numpy as np
import torch
from proposal_recall import load, propose, recalls
from tqdm import tqdm

from mitos_mmdet import compat
from mitos_mmdet.core.console import run
from mitos_mmdet.core.lengths import Length

BINS = (0, 0.1, 0.3, 0.5, 0.7, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='of a detector with CascadeProposalRPNHead')
    parser.add_argument('checkpoint', help='a .pth file or a work dir')
    parser.add_argument('--data-root', help="in place of the config's")
    parser.add_argument('--numbers', type=int, nargs='+', default=[10, 50, 100, 300], help='of proposals a tile (default: 10 50 100 300)')
    parser.add_argument('--iou', type=float, default=0.5)
    parser.add_argument('--size', default='30px', help='side of a box in the frame (default: 30px, as MITOS-RCNN trains)')
    parser.add_argument('--batches', type=int, default=12, help='training batches for the scores (default: 12)')
    args = parser.parse_args()
    compat.install()
    model, dataset = load(args)
    if not hasattr(model.detector.rpn_head, 'rpn2'):
        raise ValueError(f'{args.config}: has no CascadeProposalRPNHead. Compare detectors by proposal_recall.py')
    with torch.no_grad():
        rows = {stage: _row(model, dataset, stage, args) for stage in (_first, _rescored, _refined, _windows, _all)}
        print('stage      ' + ''.join(f'recall@{number:<5d}' for number in args.numbers) + 'F1     AP')
        for stage, (reached, found) in rows.items():
            print(f'{stage.__name__[1:]:11s}' + ''.join(f'{share:<12.3f}' for share in reached) +
                  f"{found['centroid/f1']:.3f}  {found['centroid/ap']:.3f}")
        _print_scores(model, args)


def _row(model, dataset, stage, args):
    from mitos_mmdet.evaluation.centroid_metric import CentroidMetric

    head, truth, proposals = model.detector.rpn_head, [], []
    metric = CentroidMetric(radius=model.cfg.test_evaluator.radius)
    metric.dataset_meta = dataset.metainfo
    head.predict = lambda x, samples, rescale=False: stage(head, x, [sample.metainfo for sample in samples])
    for item in tqdm([dataset[index] for index in range(len(dataset))], desc=stage.__name__[1:]):
        propose(model, item['inputs'], item['data_samples'], Length.parse(args.size), truth, proposals)
        found = model.test_step(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))
        metric.process(None, [sample.to_dict() for sample in found])
    return recalls(truth, proposals, args.numbers, args.iou), metric.evaluate(len(dataset))


def _first(head, x, metas):
    levels = head.rpn1([x[index] for index in head.rpn1_maps])
    return head.rpn1.predict_by_feat(*levels, batch_img_metas=metas)


def _rescored(head, x, metas):
    _, boxes, _, (scores, _) = head(x, metas)
    return [_proposals(own, own_scores.sigmoid()[:, 0]) for own, own_scores in zip(boxes, scores, strict=True)]


def _refined(head, x, metas):
    _, boxes, (scores, deltas), refined = head(x, metas)
    unseen = [level - 1e4 for level in scores]  # a probability of zero
    found = head.rpn2.predict_by_feat((unseen, deltas), refined, boxes, metas)
    return [own[own.scores > 0] for own in found]


def _windows(head, x, metas):
    _, boxes, windows, _ = head(x, metas)
    none = [own.new_zeros(0, 4) for own in boxes]
    return head.rpn2.predict_by_feat(windows, ([own[:, :1] for own in none], none), none, metas)


def _all(head, x, metas):
    _, boxes, windows, refined = head(x, metas)
    return head.rpn2.predict_by_feat(windows, refined, boxes, metas)


def _proposals(boxes, scores):
    from mmengine.structures import InstanceData

    order = scores.argsort(descending=True)
    return InstanceData(bboxes=boxes[order], scores=scores[order], labels=torch.zeros_like(order))


def _print_scores(model, args):
    from mmdet.models.utils import unpack_gt_instances
    from mmdet.structures.bbox import bbox_overlaps
    from mmengine.runner import Runner

    settings, head = model.cfg.train_dataloader, model.detector.rpn_head
    settings.update(num_workers=0, persistent_workers=False)
    if args.data_root:
        settings.dataset.data_root = args.data_root
    overlaps, first_scores, second_scores = [], [], []
    for _, batch in zip(range(args.batches), Runner.build_dataloader(settings, seed=0), strict=False):
        data = model.data_preprocessor(batch, True)
        truths, _, metas = unpack_gt_instances(data['data_samples'])
        x = model.extract_feat(data['inputs'])
        found, (_, boxes, _, (scores, _)) = _first(head, x, metas), head(x, metas)
        for truth, own, own_boxes, own_scores in zip(truths, found, boxes, scores, strict=True):
            if len(truth):
                overlaps += bbox_overlaps(own_boxes, truth.bboxes).amax(1).tolist()
                first_scores += own.scores.tolist()
                second_scores += own_scores.sigmoid()[:, 0].tolist()
    print("RPN_1's boxes on training tiles, by their overlap with a figure\nIoU         boxes  score of RPN_1  of RPN_2")
    places = np.digitize(overlaps, BINS[1:-1])
    for place, (low, high) in enumerate(zip(BINS, BINS[1:], strict=False)):
        inside = places == place
        means = [np.mean(scores, where=inside) if inside.any() else np.nan for scores in (first_scores, second_scores)]
        print(f'{low:.1f} to {high:.1f}  {inside.sum():6d}  {means[0]:14.3f}  {means[1]:8.3f}')


if __name__ == '__main__':
    run(main)
