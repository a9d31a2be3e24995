"""The share of tissue in a window."""

import numpy as np
import pytest

from mitos_mmdet.slides.tissue_share import TissueShare


def test_share_of_tissue_in_a_window():
    mask = np.zeros((10, 20), bool)
    mask[:, 10:] = True
    share = TissueShare(mask, (2., 2.))
    assert share.of_rectangle(15, 0, 10, 20)[0, 0] == pytest.approx(0.5)
    assert share.of_rectangle([0, 19, 30], [0, 10], 4, 4).tolist() == [[0, pytest.approx(0.75), 1], [0, pytest.approx(0.75), 1]]
    # What lies beyond the mask is no tissue.
    assert share.of_rectangle(38, 0, 4, 4)[0, 0] == pytest.approx(0.5)
    assert share.of_circle(10, 0, 20) == pytest.approx(0.5, abs=0.02)
