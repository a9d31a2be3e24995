"""Damaged images and slides: whatever a file holds, reading it gives pixels, or one line that names it.

A short run is part of the tests. A long one: python tests/fuzz/test_fuzz_images.py --seconds 600 --seed 1 [FILE ...]
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from mitos_mmdet.core.images import BrokenImageError, read_header, read_rgb
from mitos_mmdet.slides.open_slide import SlideError, open_slide

TIFFS = {'lzw': dict(compression='lzw', tile=(64, 64)), 'deflate': dict(compression='zlib', predictor=True),
         'strips': dict(rowsperstrip=16), 'jpeg': dict(compression='jpeg', tile=(64, 64)), 'zstd': dict(compression='zstd'),
         'webp': dict(compression='webp'), 'jpeg2000': dict(compression='jpeg2000'), 'big': dict(bigtiff=True, tile=(64, 64)),
         'ome': dict(ome=True, metadata=dict(axes='YXS', PhysicalSizeX=0.25, PhysicalSizeY=0.25))}
IMAGES = ('png', 'jpg', 'webp', 'jp2', 'bmp', 'gif', 'tif')


def seeds():
    """``[(suffix, bytes), ...]`` of whole files."""
    pixels = np.random.default_rng(0).integers(0, 256, (150, 170, 3), dtype=np.uint8)
    made = []
    for name, options in TIFFS.items():
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, photometric='rgb', **options)
        made.append((f'.{name}.tif', file.getvalue()))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in IMAGES:
            path = Path(folder) / f'a.{suffix}'
            Image.fromarray(pixels).save(path)
            made.append((f'.{suffix}', path.read_bytes()))
    return made


def mutated(content, rng):
    """Some bytes changed near the start, near the end or anywhere, or the rest cut off."""
    data, count = np.frombuffer(content, np.uint8).copy(), rng.integers(1, 12)
    near = rng.integers(0, min(len(data), rng.choice([64, 600, 4000, len(data)])), count)
    kind = rng.integers(4)
    if kind == 3:
        return data[:rng.integers(1, len(data) + 1)].tobytes()
    data[near if kind < 2 else len(data) - 1 - near] = rng.integers(0, 256, count) if kind else rng.choice([0, 255, 127, 128], count)
    return data.tobytes()


def read_all(path):
    """Reads a file in every way; which of them were refused."""
    refused = 0
    for read in (read_header, read_rgb, read_regions):
        try:
            read(path)
        except (BrokenImageError, SlideError) as error:
            text = str(error)
            assert text.count(str(path)) == 1 and '\n' not in text and len(text) < 600 + len(str(path)), text
            refused += 1
    return refused


def read_regions(path):
    with open_slide(path, um_per_px=0.25) as slide:
        assert slide.thumbnail(100).dtype == np.uint8
        width, height = slide.size
        assert slide.read(width / 3, height / 3, 60, 60, 0.5).shape == (30, 30, 3)


def run(folder, seed, seconds=None, runs=None, files=()):
    """Mutates and reads for some time or number of files; ``(files read, of them refused somewhere)``."""
    rng, given, count, refused = np.random.default_rng(seed), seeds(), 0, 0
    given += [(''.join(Path(file).suffixes), Path(file).read_bytes()) for file in files]
    end = time.monotonic() + (seconds or 1e9)
    while time.monotonic() < end and (runs is None or count < runs):
        suffix, content = given[rng.integers(len(given))]
        path = Path(folder) / f'mutated{suffix}'
        path.write_bytes(mutated(content, rng))
        try:
            refused += read_all(path) > 0
        except BaseException:
            kept = path.with_name(f'failed_{seed}_{count}{suffix}')
            path.rename(kept)
            print(f'kept {kept}')
            raise
        count += 1
    return count, refused


def test_damaged_files_give_pixels_or_one_line(tmp_path, capfd):
    count, refused = run(tmp_path, seed=0, runs=150)
    assert count == 150 and 30 < refused < 140  # some are refused, some survive: the mutations are neither void nor all fatal
    own = [line for line in capfd.readouterr().err.splitlines() if 'tifffile' in line or 'Traceback' in line]
    assert own == []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('files', nargs='*', help='more files to start from, such as real slides')
    parser.add_argument('--seconds', type=float, default=600)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--folder', default=None, help='where a file that fails is kept')
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = args.folder or stack.enter_context(tempfile.TemporaryDirectory())
        print('{} files read, {} refused by one line'.format(*run(folder, args.seed, args.seconds, files=args.files)))


if __name__ == '__main__':
    main()
