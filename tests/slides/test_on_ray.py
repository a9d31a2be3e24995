"""Which slides a task of Ray opens before an actor gets them."""

import pickle

from mitos_mmdet.slides.cohort import on_ray
from mitos_mmdet.slides.cohort.work import SlideJob
from mitos_mmdet.slides.settings import SlideSettings


def test_dicom_is_opened_by_actors_alone(tmp_path):
    # A crash of its library would end a task, which Ray tries again and again; an actor's attempts are counted.
    head = bytes(128) + b'DICM' + b'\x20\x00\x0e\x00UI\x04\x001.2.'
    reasons = {}
    for name, content in (('a.dcm', head), ('b.dcm', head[:132])):
        (tmp_path / name).write_bytes(content)
        job = SlideJob(0, str(tmp_path / name), str(tmp_path / 'out'), SlideSettings())
        reasons[name] = on_ray._checked(dict(job=pickle.dumps(job)))['reason']
    assert reasons['a.dcm'] == '' and 'b.dcm' not in reasons['b.dcm'] and 'does not know it as DCM' in reasons['b.dcm']
