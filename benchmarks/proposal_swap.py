"""Is it the proposals or the detection network? F1 and AP of each detector's network fed with each detector's proposals.

    python benchmarks/proposal_swap.py FIRST_CONFIG FIRST_CHECKPOINT SECOND_CONFIG SECOND_CHECKPOINT

Two two-stage detectors in a TiledDetector, with the same test pipeline; their own combinations stand beside the crossed ones.
"""

import argparse
from pathlib import Path

from proposal_recall import load
from tqdm import tqdm

from mitos_mmdet import compat
from mitos_mmdet.core.console import run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('detectors', nargs=4, metavar='CONFIG CHECKPOINT')
    parser.add_argument('--data-root', help="in place of the configs'")
    args = parser.parse_args()
    compat.install()
    loaded = {}
    for config, checkpoint in (args.detectors[:2], args.detectors[2:]):
        loaded[Path(config).stem] = load(argparse.Namespace(config=config, checkpoint=checkpoint, data_root=args.data_root))
    rows = [(network, proposals, _scores(loaded[network], loaded[proposals][0].detector)) for network in loaded for proposals in loaded]
    print('F1     precision  recall  AP     network, proposals')
    for network, proposals, found in rows:
        print('{:.3f}  {:9.3f}  {:6.3f}  {:.3f}  '.format(*(found[f'centroid/{key}'] for key in ('f1', 'precision', 'recall', 'ap'))) +
              f'{network}, {proposals}')


def _scores(loaded, other):
    from mitos_mmdet.evaluation.centroid_metric import CentroidMetric

    model, dataset = loaded
    head, preprocess, seen = model.detector.rpn_head, model.detector.data_preprocessor.forward, {}
    own = head.predict

    def keep_input(data, training=False):
        seen.update(preprocess(data, training))
        return seen

    def predict(x, samples, rescale=False):
        return own(x, samples) if other is model.detector else other.rpn_head.predict(other.extract_feat(seen['inputs']), samples)

    model.detector.data_preprocessor.forward, head.predict = keep_input, predict
    metric = CentroidMetric(radius=model.cfg.test_evaluator.radius)
    metric.dataset_meta = dataset.metainfo
    for index in tqdm(range(len(dataset)), desc='frames'):
        item = dataset[index]
        metric.process(None, [sample.to_dict() for sample in model.test_step(dict(inputs=[item['inputs']],
                                                                                  data_samples=[item['data_samples']]))])
    model.detector.data_preprocessor.forward, head.predict = preprocess, own
    return metric.evaluate(len(dataset))


if __name__ == '__main__':
    run(main)
