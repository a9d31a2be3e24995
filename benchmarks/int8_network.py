"""Makes the 8-bit network of the bundled detector, which `--precision int8` runs, from its weights and the training frames.

    pip install nncf
    mitos convert mitos-atypia-14 data/atypia14 --out data/atypia14/annotations.json --split hamamatsu
    python benchmarks/int8_network.py data/atypia14 data/atypia14/annotations_train.json --out work_dirs/int8

NNCF measures the range of every map on tiles of the frames, half of them around a label and half anywhere, and chooses 8-bit steps by it.
The network (`.xml`, `.bin`) goes into OUT, and what the model's card is to say of it is printed. Move both files to
`mitos_mmdet/model_zoo/weights`. The validation frames are not to be among the frames given.
"""

import argparse
import json
from pathlib import Path

import nncf
import numpy as np
import openvino
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from openvino._offline_transformations import apply_moc_transformations

from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.core.console import run
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.model_zoo import load_model
from mitos_mmdet.slides.labelled_frames import labelled_frames

TILES = 300  # NNCF's default


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frames', type=Path, help='folder of the training frames')
    parser.add_argument('annotations', type=Path, help='their annotations, as mitos convert writes them')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--model', help='a bundled detector (default: the default one)')
    parser.add_argument('--tiles', type=int, default=TILES)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    model = load_model(args.model, device='cpu', engine='openvino')
    network = fused(model.network)
    tiles = draw_tiles(labelled_frames(read_points(args.annotations, is_truth=True)), args.frames, model.tile_size, args.tiles, args.seed)
    dataset = nncf.Dataset(tiles, lambda tile: cut(*tile, model.tile_size)[None])
    # Weights take 7 of the 8 bits, because in sums of two 8-bit products a CPU without VNNI instructions would clip some. Maps keep all of
    # the range that they had on any tile: the default, its mean over the tiles, clips the peaks that mitotic figures make.
    choices = nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE,
                                                  activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX)
    quantized = nncf.quantize(network, dataset, subset_size=args.tiles, target_device=nncf.TargetDevice.CPU,
                              preset=nncf.QuantizationPreset.MIXED, advanced_parameters=choices)
    write(quantized, args.out, f'{model.name}_int8')
    return 0


def fused(network):
    """The detector's network for batches of one tile, its batch normalisation folded into the convolutions."""
    copy = network._network.clone()
    copy.reshape({0: openvino.PartialShape([1, -1, -1, 3])})
    apply_moc_transformations(copy, cf=False, smart_reshape=False)
    return copy


def draw_tiles(frames, folder, size, count, seed):
    """``[(path, left, top), ...]``, frame by frame in turn: every second one holds a label where the frame has any."""
    rng, tiles = np.random.default_rng(seed), []
    frames = [frames[index] for index in rng.permutation(len(frames))]
    while len(tiles) < count:
        for frame in frames[:count - len(tiles)]:
            path = folder / frame.name
            height, width = read_rgb(path).shape[:2]
            most = np.array([width - size, height - size])
            if len(tiles) % 2 and len(frame):
                corner = np.clip(rng.permutation(frame.xy)[0] - rng.integers(size, size=2), 0, most)
            else:
                corner = rng.integers(most + 1)
            tiles.append((path, *map(int, corner)))
    return tiles


def cut(path, left, top, size):
    return np.ascontiguousarray(read_rgb(path)[top:top + size, left:left + size])


def write(network, folder, name):
    """Writes the network without the record of how it was made, and prints the card's ``int8``."""
    folder.mkdir(parents=True, exist_ok=True)
    for key in list(network.rt_info):
        del network.rt_info[key]
    files = [folder / f'{name}.{ending}' for ending in ('xml', 'bin')]
    openvino.save_model(network, str(files[0]), compress_to_fp16=False)
    print(json.dumps({'int8': {file.name: sha256_of(file) for file in files}}, indent=1))


if __name__ == '__main__':
    run(main)
