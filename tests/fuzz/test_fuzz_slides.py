"""Damaged slides of scanners' formats: reading them gives pixels, or one line that names the slide; and OpenSlide does not end the process.

A short run is part of the tests. A long one: python tests/fuzz/test_fuzz_slides.py --runs 5000 --seed 1. DICOM is left out, whose library
crashes on an item that is longer than its sequence.
"""

import argparse
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / 'slides'), str(Path(__file__).parent)]
from test_fuzz_images import mutated  # noqa: E402

FORMATS = ('scn', 'bif', 'mrxs-overlap', 'ndpi', 'vms', 'philips', 'trestle', 'svs', 'svs-33005')


def read(path):
    """Whether the slide was read; False if it was refused."""
    from mitos_mmdet.slides.open_slide import SlideError, open_slide

    try:
        with open_slide(path, um_per_px=0.25) as slide:
            assert slide.thumbnail(300).dtype == np.uint8
            slide.read(0, 0, min(slide.size[0], 300), min(slide.size[1], 300), 0.5)
    except SlideError as error:
        text = str(error)
        assert text.startswith(f'{path}: ') and '\n' not in text and len(text) < 900, text
        return False
    return True


def run(folder, seed, runs):
    """Damages one file of a slide and reads the slide, so many times; ``(slides read, slides refused)``."""
    from vendor_scenes import SCENES

    rng, slides, outcomes = np.random.default_rng(seed), [], [0, 0]
    for name in FORMATS:
        (folder / name).mkdir()
        path = SCENES[name].make(folder / name)
        slides.append((path, {file: file.read_bytes() for file in sorted(path.parent.rglob('*')) if file.is_file()}))
    for _ in range(runs):
        path, files = slides[rng.integers(len(slides))]
        file = list(files)[rng.integers(len(files))]
        content = mutated(files[file], rng)
        file.write_bytes(content)
        print(f'{file.relative_to(folder)} of {len(content)} bytes', file=sys.stderr, flush=True)  # of a crash, the last one
        outcomes[not read(path)] += 1
        file.write_bytes(files[file])
    return tuple(outcomes)


def test_damaged_slides_give_pixels_or_one_line():
    pytest.importorskip('openslide')
    # In a process of its own, which OpenSlide may end.
    done = subprocess.run([sys.executable, __file__, '--runs', '200', '--seed', '0'], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    count, refused = (int(word) for word in done.stdout.split() if word.isdigit())
    assert count > 30 and refused > 30  # the damage is neither void nor always fatal


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--runs', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as folder:
        print('{} read, {} refused by one line'.format(*run(Path(folder), args.seed, args.runs)))


if __name__ == '__main__':
    main()
