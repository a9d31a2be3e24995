import pytest

from mitos_mmdet.interchange.frame_names import case_and_image, key_of, pair_names
from mitos_mmdet.interchange.points import points_of


@pytest.mark.parametrize('name, key', [
    ('007.tiff', ('007', )), ('007', ('007', )), ('/data/x/007.TIF', ('/', 'data', 'x', '007')),
    ('H05/H05_00Ab.tiff.geojson', ('H05', 'H05_00Ab')),  # QuPath adds its own
    ('slide.1.2.png', ('slide.1.2', )), ('slide.1.2', ('slide.1.2', )),  # only known extensions go
    (r'C:\frames\007.tiff', ('C:', 'frames', '007')), ('.json', ('.json', )), ('', ('', )),
])
def test_a_name_s_parts(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize('names, others, paired', [
    (['007.tiff', '008.tiff'], ['008', '007'], {'007': '007.tiff', '008': '008.tiff'}),
    (['H05/x40/H05_00Ab.jpg'], ['/abs/H05/x40/H05_00Ab.jpg'], {'/abs/H05/x40/H05_00Ab.jpg': 'H05/x40/H05_00Ab.jpg'}),
    (['part_1/01/01.tif', 'part_1/02/01.tif'], ['02/01', '01/01'], {'01/01': 'part_1/01/01.tif', '02/01': 'part_1/02/01.tif'}),
    (['train/007.tiff'], ['/frames/007.png'], {'/frames/007.png': 'train/007.tiff'}),  # folders differ, the name is unique
    (['01/01.tif'], ['02/01'], {}),  # a name of two characters says nothing without its folder
    (['a/007', 'b/007'], ['c/007'], {}),
    (['a/007', '007'], ['007'], {'007': '007'}),  # the same beats an ending
    (['007.tiff'], ['1007.tiff'], {}),
])
def test_frames_find_each_other(names, others, paired):
    assert pair_names(names, others) == paired


def test_a_name_of_two_frames():
    with pytest.raises(ValueError, match=r"'01' may be 'a/01\.tif' or 'b/01\.tif'"):
        pair_names(['a/01.tif', 'b/01.tif'], ['01'])


def test_tupac_names():
    assert case_and_image(points_of('/x/mitoses_image_data_part_1/01/02.tif', [], '')) == ('01', '02')
    for name in ('H05_00Ab.jpg', '02.tif', 'H05/02.tif'):
        with pytest.raises(ValueError, match='TUPAC16 names frames CC/II'):
            case_and_image(points_of(name, [], ''))
