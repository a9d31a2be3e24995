"""Entry of the grand-challenge container: one image from /input, its mitotic figures to /output/mitotic-figures.json.

Environment:
    MITOS_MODEL: A bundled model's name; unset: the default one.
    MITOS_UM_PER_PX: Pixel size for an image that does not state its own; unset: such an image is refused.
"""

import math
import os
import sys
import tempfile
from pathlib import Path

from mitos_mmdet.cli.detect_inputs import find_inputs
from mitos_mmdet.core.console import run
from mitos_mmdet.core.files import replacing
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.write_outputs import FILES

INPUT, OUTPUT = Path('/input'), Path('/output')


def main(source=INPUT, target=OUTPUT):
    """Detects the image below ``source`` and writes ``mitotic-figures.json`` into ``target``, whole or not at all.

    Raises:
        ValueError: No image or several, no um/px, a damaged image, or nothing can be written.
    """
    from mitos_mmdet.model_zoo import load_model

    images, _ = find_inputs([source], target)
    if len(images) > 1:
        raise ValueError(f"{source}: holds {len(images)} images ({', '.join(path.name for path in images[:3])}, ...), and a job has one. "
                         f'Start one container per image')
    image = images[0]
    model = load_model(os.environ.get('MITOS_MODEL') or None)
    settings = SlideSettings(um_per_px=_um_per_px(image), outputs=('grand-challenge', ))
    name = FILES['grand-challenge']
    with tempfile.TemporaryDirectory() as folder:
        summary = run_slide(image, model, folder, settings)
        content = (Path(folder) / name).read_text(encoding='utf-8')
    with replacing(Path(target) / name) as file:
        file.write(content)
    print(f"{image.name}: {summary['mitotic_figures']} mitotic figures at threshold {summary['threshold']:g}, {Path(target) / name}")
    return 0


def _um_per_px(image):
    """What to assume where the image does not say; None where it does."""
    text = os.environ.get('MITOS_UM_PER_PX', '').strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f'MITOS_UM_PER_PX is {text!r}. Give a number above 0, as 0.25')
    with open_slide(image) as slide:
        if slide.um_per_px is not None:
            return None
    print(f'warning: {image.name} does not state its um/px; {value:g} is assumed (MITOS_UM_PER_PX)', file=sys.stderr)
    return value


if __name__ == '__main__':
    run(main)
