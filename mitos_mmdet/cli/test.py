"""Scores a checkpoint on whole frames: mitos test CONFIG CHECKPOINT --show-dir pictures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.brief import brief_output, found_lines
from mitos_mmdet.cli.config_checks import check_data, check_metric, check_model, check_phases, files_read, protected
from mitos_mmdet.cli.config_flags import add_arguments, read_config
from mitos_mmdet.cli.load_mmdet import load_mmdet
from mitos_mmdet.cli.number_flags import decimal
from mitos_mmdet.cli.test_time_augmentation import set_test_time_augmentation
from mitos_mmdet.compat.config_edits import brings_weights, datasets_in, metrics_in, set_from_scratch
from mitos_mmdet.compat.devices import end_processes
from mitos_mmdet.core.outputs import check_folder, check_output, check_outputs, check_writable
from mitos_mmdet.interchange.detections_json import DETECTIONS_FORMAT
from mitos_mmdet.report.report_path import PAGE_MARK, PAGE_SUFFIXES


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos test', description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help="a .pth file, or a training's work dir (its best checkpoint, else its last); not "
                                                      "needed where the config's model names its own")
    parser.add_argument('--out', metavar='FILE', help='write the detections: .json, or .pkl as in mmdet')
    parser.add_argument('--show', action='store_true', help="show each frame in a window, as mmdet's tool does")
    parser.add_argument('--show-dir', metavar='DIR',
                        help='write frames with hits, misses and false positives, and the precision-recall curve')
    parser.add_argument('--report', metavar='FILE.html', help='write all metrics of the headline class as a page, with pictures')
    parser.add_argument('--wait-time', type=decimal, default=2, help='seconds a frame is shown by --show (default: 2)')
    parser.add_argument('--threshold', '--score-thr', dest='score_thr', type=decimal, metavar='T',
                        help="count detections from this score on (default: the config's, else the best F1 on the evaluated set)")
    parser.add_argument('--radius', help="how far a hit may lie, with its unit: 8um, 30px (default: the config's)")
    parser.add_argument('--tta', action='store_true', help="unite the detections of each frame's flipped copies, one per mitotic figure")
    parser.add_argument('--brief', action='store_true', help='only what was found; the log file in the work dir keeps everything')
    add_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    load_mmdet()
    from mmengine.runner import Runner

    from mitos_mmdet.compat.checkpoints import check_fits, find_checkpoint, read_checkpoint, refuse_code

    cfg = read_config(args)
    check_writable('--work-dir', Path(cfg.work_dir))
    _check_outputs(args, cfg)
    check_model(cfg, args.config)
    check_metric(cfg, args.config, 'test_evaluator', 'test_dataloader')
    refuse_code(args.trust_checkpoint)
    checkpoint = None
    if args.checkpoint:
        path = find_checkpoint(args.checkpoint, best=True)
        if Path(args.checkpoint).is_dir():
            print(f'{args.checkpoint}: taking its {"best" if path.name.startswith("best_") else "last"} checkpoint, {path.name}')
        checkpoint = read_checkpoint(path, args.trust_checkpoint)
        set_from_scratch(cfg)  # the checkpoint brings every weight: nothing to fetch
        cfg.load_from = str(path)
    elif not brings_weights(cfg):
        raise ValueError(f'{args.config}: names no checkpoints of its own. Give a .pth file, or the work dir of a training')
    else:
        check_phases(cfg)
    check_data(cfg, 'test_dataloader')
    _set_outputs(cfg, args)
    if args.tta:
        set_test_time_augmentation(cfg)
    with brief_output(args.brief) as say:
        runner = Runner.from_cfg(cfg)
        if args.out and args.out.endswith(('.pkl', '.pickle')):
            from mmdet.evaluation import DumpDetResults
            runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
        if args.report:
            _add_report(runner, cfg, args)
        if checkpoint:
            check_fits(checkpoint, runner.model, path)
        metrics = runner.test()
    if args.brief and 'centroid/f1' in metrics:
        for line in found_lines(metrics, args.report, args.show_dir):
            say(line)
    end_processes()


def _check_outputs(args, cfg):
    """Refuses, before anything is computed, outputs that cannot be written or would replace what is read."""
    read = [args.config, args.checkpoint, *files_read(cfg, 'test_dataloader')]
    inputs = protected(read)
    check_outputs({'--out': args.out, '--report': args.report}, inputs, {'--out': DETECTIONS_FORMAT.encode(), '--report': PAGE_MARK},
                  {'--out': ('.json', '.pkl', '.pickle'), '--report': PAGE_SUFFIXES})
    for metric in metrics_in(cfg.get('test_evaluator')):
        if metric.get('out_json') and not args.out:
            check_output('out_json', metric['out_json'], inputs, DETECTIONS_FORMAT.encode(), ('.json', ))
        folder = args.show_dir or metric.get('show_dir')
        if folder:
            check_folder('--show-dir' if args.show_dir else 'show_dir', folder, inputs if Path(folder).resolve() != Path.cwd() else read,
                         'precision_recall.png')


def _set_outputs(cfg, args):
    """The flags that go into the centroid metric."""
    settings = dict(show_dir=args.show_dir, score_thr=args.score_thr, radius=args.radius)
    if args.out:
        settings['out_json'] = args.out if args.out.endswith('.json') else None
        for dataset in datasets_in(cfg.test_dataloader):  # what nobody labelled is predicted, too
            if dataset['type'] == 'MitosisDataset':
                dataset['keep_unlabelled'] = True
    ours = metrics_in(cfg.test_evaluator)
    if not ours and any(value is not None for value in (*settings.values(), args.report)):
        raise ValueError(f"{args.config}: has no CentroidMetric among its test_evaluator, which these flags are for")
    for evaluator in ours:
        evaluator.update({key: value for key, value in settings.items() if value is not None})
        evaluator.setdefault('resamples', 1000)  # so that test metrics have intervals
    if args.show:
        cfg.default_hooks.visualization.update(draw=True, show=True, wait_time=args.wait_time)


def _add_report(runner, cfg, args):
    """A metric that writes the report, by the settings of the centroid metric."""
    from mitos_mmdet.evaluation.centroid_metric import CentroidMetric
    from mitos_mmdet.report.provenance import versions
    from mitos_mmdet.report.report_metric import ReportMetric

    metric = next(metric for metric in runner.test_evaluator.metrics if isinstance(metric, CentroidMetric))
    annotations = ', '.join(str(Path(data.get('data_root') or '', data['ann_file'])) for data in datasets_in(cfg.test_dataloader))
    provenance = dict(Config=args.config, Checkpoint=cfg.get('load_from') or 'those that the config names', Annotations=annotations,
                      **({'Augmentation': 'flipped copies united (--tta)'} if args.tta else {}), Versions=versions())
    report = ReportMetric(args.report, provenance, radius=metric.radius, matching=metric.matching, score_thr=metric.score_thr,
                          classes=metric.classes, collect_device=metric.collect_device)
    report.dataset_meta = metric.dataset_meta
    runner.test_evaluator.metrics.append(report)
