"""mmdet's own roads to a prediction work with our configs."""

import numpy as np
from PIL import Image

from mitos_mmdet.model_zoo import load_model


def test_det_inferencer_finds_what_our_model_finds(tiny_model, tmp_path, mmdet_scope):
    from mmdet.apis import DetInferencer

    random = np.random.default_rng(0)
    image = np.kron(random.integers(60, 256, (40, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / 'frame.png')
    inferencer = DetInferencer(str(tiny_model[0]), str(tiny_model[1]), device='cpu', show_progress=False)
    # As image_demo.py calls it: a path, pictures and predictions written.
    result = inferencer(str(tmp_path / 'frame.png'), out_dir=str(tmp_path / 'out'), no_save_pred=False)['predictions'][0]
    assert (tmp_path / 'out' / 'vis' / 'frame.png').is_file() and (tmp_path / 'out' / 'preds' / 'frame.json').is_file()
    model = load_model(*map(str, tiny_model), device='cpu', engine='torch')
    wanted = model.predict([image], model.estimate_stain(image)[0])[0]
    best = wanted.boxes[0]
    assert len(result['scores']) > 0 and np.isclose(result['scores'][0], wanted.scores[0], atol=1e-3)
    assert np.abs(np.array(result['bboxes'][0]) - best).max() < 1
