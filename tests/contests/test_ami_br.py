import pytest

from mitos_mmdet.contests import ami_br

HEAD = ',slide,dataset,uid,x,y,expert1_label,majority_atypical\n'
ROWS = ('0,002.tiff,MIDOG21,6,4422,216,NMF,False\n1,002.tiff,MIDOG21,7,4440,206,AMF,True\n2,120.tiff,MIDOG21,9,100,100,NMF,False\n'
        '3,24.tif,TUPAC16,3,728,473,NMF,False\n4,01_stitched1.tif,TUPAC16,4,9478,794,AMF,True\n')


def test_patches_with_neighbours_scanners_and_cases(tmp_path):
    (tmp_path / 'AMI-BR.csv').write_text(HEAD + ROWS)
    frames = ami_br.read(tmp_path).frames
    assert [frame.file_name for frame in frames] == ['normal/MIDOG21_6.jpg', 'atypical/MIDOG21_7.jpg', 'normal/MIDOG21_9.jpg',
                                                     'normal/TUPAC16_3.jpg', 'atypical/TUPAC16_4.jpg']
    assert [frame.scanner for frame in frames] == ['Hamamatsu XR'] * 2 + ['Aperio CS2', 'Leica SCN400', 'Aperio ScanScope XT']
    assert [frame.um_per_px[0] for frame in frames] == [0.23, 0.23, 0.25, 0.25, 0.25]
    assert frames[0].case_id == frames[1].case_id and frames[4].case_id == 'tupac16-01'
    assert {label.centroid for label in frames[0].labels} == {(64, 64), (82, 54)}
    assert len(frames[2].labels) == 1


def test_another_table_is_refused(tmp_path):
    (tmp_path / 'AMI-BR.csv').write_text('a,b\n1,2\n')
    with pytest.raises(ValueError, match='not the table of AMi-Br'):
        ami_br.read(tmp_path)


def test_every_patch_of_the_real_set_is_there(shared_data):
    frames = ami_br.read(shared_data / 'ami_br').frames
    assert len(frames) == 3720 and all(frame.image.is_file() for frame in frames)
    assert sum(frame.file_name.startswith('atypical') for frame in frames) == 832
