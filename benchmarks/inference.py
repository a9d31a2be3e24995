"""A whole region: mitos detect against SAHI and against mmdet's large_image_demo, same checkpoint, same tiles, in one run.

    python benchmarks/inference.py data/roi/canine_mammary_7215x5412.jpg --um-per-px 0.23

Each line runs in a process of its own: seconds from the file to merged detections, model loaded and warmed up before; peak memory, above
what it was then and of the whole process (Linux). The last lines take the model's own tiles. SAHI: pip install sahi. mmdet's demo slices
with SAHI too, and is repeated here line by line, since wheels lack it.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from mitos_mmdet.core.console import run

FLOOR = 0.05  # score; detections below are dropped by all
APART_UM = 5.7  # half of the bundled model's box: nearer detections are of one nucleus
HPF_MM2 = 0.1277  # an ATYPIA-14 frame at x40, what the papers call a high-power field


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('image')
    parser.add_argument('--um-per-px', type=float, required=True)
    parser.add_argument('--model', nargs='+', default=[], help='bundled name, or CONFIG CHECKPOINT (default: the bundled one)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--tile-size', type=int, default=512)
    parser.add_argument('--overlap', type=int, default=128)
    parser.add_argument('--batch-size', type=int, default=8, help="of mmdet's demo, and of ours on a GPU; SAHI has none for mmdet")
    parser.add_argument('--only', nargs='+', help='of the lines, those whose names contain one of these')
    args = parser.parse_args()
    lines = {'SAHI get_sliced_prediction': sahi, "mmdet large_image_demo's steps": demo, 'ours, torch': ours_torch}
    if args.device == 'cpu':
        lines['ours, OpenVINO'] = ours_openvino
    lines['ours, its own tiles'] = ours_own_tiles
    if args.device == 'cpu':
        lines['ours, its own tiles, bfloat16'] = ours_bfloat16
        lines['ours, its own tiles, int8'] = ours_int8
    results = {}
    for name, function in lines.items():
        if args.only and not any(part in name for part in args.only):
            continue
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
            results[name] = pool.submit(_alone, function, args).result()
        print(f"{name}: {results[name]['seconds']:.1f} s, load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    report(results)


def _alone(function, args):
    os.environ['OMP_NUM_THREADS'] = str(args.threads)
    import torch

    import mitos_mmdet.register  # noqa: F401  # before mmdet's API, which looks for mmcv's operators when it is imported

    torch.set_num_threads(args.threads)
    return function(args)


def report(results):
    """The table; ratios are those to the first line."""
    first = next(iter(results.values()))
    print('line                              seconds  ratio    CPU s  ratio  MiB more  MiB all  detections  apart  >= 0.5  s/mm2   s/HPF  '
          'CPU beyond the networks')
    for name, one in results.items():
        beyond = f"{one['beyond'] / (one['cpu'] - one['beyond']):8.1%}" if 'beyond' in one else ''
        ratios = [first[what] / one[what] for what in ('seconds', 'cpu')]
        print(f"{name:32s} {one['seconds']:8.2f} {ratios[0]:6.2f} {one['cpu']:8.2f} {ratios[1]:6.2f} "
              f"{one['mib']:9.0f} {one['process_mib']:8.0f} {one['count']:11d} {one['apart']:6d} {one['sure']:7d} "
              f"{one['seconds'] / one['mm2']:6.2f} {one['seconds'] / one['mm2'] * HPF_MM2:6.3f}  {beyond}")


def measured(args, work, size, clock=None):
    """Runs ``work``, which gives centres (px) and scores, after a warm-up by the caller; on a GPU after a first run.

    A GPU loads its kernels, and chooses among them, when a process first uses a network: about 8 s on an H200.
    """
    if args.device == 'cuda':
        work()
    if clock is not None:
        clock.seconds.clear()
    before = _resident_mib('VmRSS')
    Path('/proc/self/clear_refs').write_text('5')  # Linux: the peak begins anew
    start, cpu = time.perf_counter(), time.process_time()
    points, scores = work()
    return dict(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu, count=len(scores),
                apart=apart(points, scores, APART_UM / args.um_per_px), sure=int((scores >= 0.5).sum()),
                mib=_resident_mib('VmHWM') - before, process_mib=_resident_mib('VmHWM'), mm2=size[0] * size[1] * args.um_per_px**2 / 1e6)


def apart(points, scores, distance):
    """How many detections are left if a better one within ``distance`` px stands for each: those of different nuclei."""
    import numpy as np
    from scipy.spatial import cKDTree

    rank, kept = np.argsort(np.argsort(-scores, kind='stable')), np.ones(len(scores), bool)
    near = cKDTree(points).query_ball_point(points, distance) if len(points) else []
    for index in np.argsort(rank):
        kept[[other for other in near[index] if rank[other] > rank[index]]] &= not kept[index]
    return int(kept.sum())


def _resident_mib(key):
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith(f'{key}:'))
    return int(line.split()[1]) / 1024


def plain_config(args):
    """``(config without TiledDetector, checkpoint)`` as files that mmdet and SAHI read."""
    from mmengine.config import Config

    from mitos_mmdet.model_zoo.bundled import find_bundled
    from mitos_mmdet.model_zoo.config_facts import detector_config

    if len(args.model) == 2:
        config, checkpoint = args.model
    else:
        bundled = find_bundled(*args.model)
        config, checkpoint = str(bundled.config), str(bundled.checkpoint)
    cfg = Config.fromfile(config)
    cfg.model = detector_config(cfg)
    cfg.model.backbone.init_cfg = None
    cfg.test_dataloader.dataset.pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(args.tile_size, args.tile_size), keep_ratio=True),  # SAHI insists on one; it changes nothing
        dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
    cfg.train_dataloader.dataset = dict(type='CocoDataset', pipeline=[])  # SAHI looks there for masks
    cfg.test_pipeline = cfg.test_dataloader.dataset.pipeline
    path = Path(tempfile.mkdtemp()) / 'plain.py'
    cfg.dump(str(path))
    return str(path), checkpoint


def sahi(args):
    import numpy as np
    from PIL import Image
    from sahi import AutoDetectionModel
    from sahi.predict import get_sliced_prediction

    Image.MAX_IMAGE_PIXELS = None
    config, checkpoint = plain_config(args)
    model = AutoDetectionModel.from_pretrained(model_type='mmdet', model_path=checkpoint, config_path=config,
                                               confidence_threshold=FLOOR, device=args.device)

    def work():
        result = get_sliced_prediction(
            args.image, model, slice_height=args.tile_size, slice_width=args.tile_size, overlap_height_ratio=args.overlap / args.tile_size,
            overlap_width_ratio=args.overlap / args.tile_size, perform_standard_pred=False, verbose=0)
        found = result.object_prediction_list
        boxes = np.array([one.bbox.to_xyxy() for one in found]).reshape(-1, 4)
        return (boxes[:, :2] + boxes[:, 2:]) / 2, np.array([one.score.value for one in found])
    with Image.open(args.image) as image:
        size = image.size
        model.perform_inference(np.asarray(image.crop((0, 0, args.tile_size, args.tile_size))))
    return measured(args, work, size)


def demo(args):
    """demo/large_image_demo.py of mmdet 3.3: slice_image, inference_detector in batches, merge_results_by_nms."""
    import mmcv
    import numpy as np
    from mmdet.apis import inference_detector, init_detector
    from mmdet.utils.large_image import merge_results_by_nms
    from sahi.slicing import slice_image

    config, checkpoint = plain_config(args)
    model = init_detector(config, checkpoint, device=args.device)
    size = mmcv.imread(args.image).shape[1::-1]
    inference_detector(model, [np.zeros((args.tile_size, args.tile_size, 3), np.uint8)] * args.batch_size)

    def work():
        image = mmcv.imread(args.image)
        sliced = slice_image(image, slice_height=args.tile_size, slice_width=args.tile_size, auto_slice_resolution=False,
                             overlap_height_ratio=args.overlap / args.tile_size, overlap_width_ratio=args.overlap / args.tile_size)
        results = []
        for start in range(0, len(sliced), args.batch_size):
            results.extend(inference_detector(model, sliced.images[start:start + args.batch_size]))
        merged = merge_results_by_nms(results, sliced.starting_pixels, src_image_shape=image.shape[:2],
                                      nms_cfg=dict(type='nms', iou_threshold=0.5)).pred_instances
        scores, boxes = merged.scores.cpu().numpy(), merged.bboxes.cpu().numpy()
        return ((boxes[:, :2] + boxes[:, 2:]) / 2)[scores >= FLOOR], scores[scores >= FLOOR]
    return measured(args, work, size)


def ours_torch(args):
    return ours(args, 'torch', args.tile_size, args.overlap)


def ours_openvino(args):
    return ours(args, 'openvino', args.tile_size, args.overlap)


def ours_own_tiles(args):
    return ours(args, 'auto', None, None)


def ours_bfloat16(args):
    return ours(args, 'auto', None, None, 'bfloat16')


def ours_int8(args):
    return ours(args, 'auto', None, None, 'int8')


def ours(args, engine, tile_size, overlap, precision='float32'):
    import torch
    from thread_clock import ThreadClock

    from mitos_mmdet.model_zoo import load_model
    from mitos_mmdet.slides import detect, open_slide
    from mitos_mmdet.slides.tile_plan import plan_tiles

    model = load_model(*args.model, device=args.device, engine=engine, threads=args.threads, precision=precision)
    if model.engine == 'openvino':
        torch.set_num_threads(1)  # as in mitos detect
    tile_size, overlap = tile_size or model.tile_size, model.overlap if overlap is None else overlap
    batch = args.batch_size if args.device == 'cuda' else None  # on a CPU the engine's own choice, which users get

    clock = ThreadClock()
    model.stream = clock.steps('network', model.stream)
    for group in model.second_reader.groups if model.second_reader else ():
        group.predict = clock.calls('network', group.predict)

    def work():
        with open_slide(args.image, um_per_px=args.um_per_px) as slide:
            slide.read, model.prepare = clock.calls('read', slide.read), clock.calls('read', prepare)
            found = clock.calls('detect', detect)(slide, model, tile_size=tile_size, overlap=overlap, batch_size=batch, score_floor=FLOOR)
            return found.points, found.scores

    prepare = model.prepare
    with open_slide(args.image, um_per_px=args.um_per_px) as slide:
        size = slide.size
        plan = plan_tiles(slide, model.um_per_px, tile_size, overlap)
        tile = slide.read(*plan.region(plan.tiles[0]))
        list(model.stream([tile] * (2 * model.in_flight), batch, FLOOR))  # warm-up: compiles
    result = measured(args, work, size, clock)
    return dict(result, beyond=clock.beyond())


if __name__ == '__main__':
    run(main)
