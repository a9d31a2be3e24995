import argparse

import pytest

from mitos_mmdet.cli import browse, candidates, test, train
from mitos_mmdet.cli.config_flags import add_arguments, read_config

MODEL = "model = dict(type='X')\n"


def read(folder, text, *flags):
    (folder / 'config.py').write_text(text)
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    add_arguments(parser)
    return read_config(parser.parse_args([str(folder / 'config.py'), '--work-dir', str(folder / 'work'), '--device', 'cpu', *flags]))


@pytest.mark.parametrize('text', ['', 'a = 1\n', 'model = None\n', "model = 'cascade'\n"])
def test_a_config_without_a_model_is_one_line(tmp_path, text):
    with pytest.raises(ValueError, match=r'config\.py: has no model\. Give the config of a detector'):
        read(tmp_path, text)


def test_only_what_writes_a_work_dir_needs_one_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'work_dirs').touch()
    (tmp_path / 'config.py').write_text(MODEL)
    config = str(tmp_path / 'config.py')
    for command, more in ((browse, ['--out', 'a.png']), (candidates, ['a.pth', '--frames', 'a.json', '--out', 'patches'])):
        assert read_config(command.parse_args([config, *more])).model.type == 'X'
    for command, more in ((train, []), (test, ['a.pth'])):
        with pytest.raises(ValueError, match='--work-dir .*work_dirs/config: cannot be written'):
            command.main([config, *more])


def test_no_workers_need_no_other_flag(tmp_path):
    loader = 'dict(num_workers=4, persistent_workers=True, prefetch_factor=2)'
    text = f'{MODEL}train_dataloader = {loader}\ntest_dataloader = {loader}\n'
    cfg = read(tmp_path, text, '--cfg-options', 'train_dataloader.num_workers=0')
    assert not cfg.train_dataloader.persistent_workers and cfg.train_dataloader.prefetch_factor is None
    assert cfg.test_dataloader.persistent_workers and cfg.test_dataloader.prefetch_factor == 2


@pytest.mark.parametrize('old', ['data/', 'data'])
def test_a_data_root_holds_for_files_that_transforms_name(tmp_path, old):
    text = (f"{MODEL}transform = dict(type='T', bank=['data/a/stains.json', 'other/stains.json'], data_root='{old}', name='data')\n"
            f"one = dict(type='D', ann_file='a/b.json', data_root='{old}', pipeline=[transform])\n"
            "train_dataloader = dict(dataset=dict(datasets=[one, dict(type='D', ann_file='c.json')]))\n")
    first, second = read(tmp_path, text, '--data-root', '/mnt/').train_dataloader.dataset.datasets
    assert first.data_root == second.data_root == '/mnt/' and first.ann_file == 'a/b.json'
    assert first.pipeline[0].bank == ['/mnt/a/stains.json', 'other/stains.json']
    assert first.pipeline[0].name == 'data' and first.pipeline[0].data_root == '/mnt/'


@pytest.mark.parametrize('unit, done, says', [('epoch', 3, True), ('iter', 3, True), ('epoch', 2, False)])
def test_resuming_a_finished_training_says_so(tmp_path, capsys, unit, done, says):
    cfg = read(tmp_path, f"{MODEL}train_cfg = dict(max_{unit}s=3)\nload_from = 'last.pth'\n")
    train._say_if_finished(cfg, {unit: done})
    assert (f'last.pth: this training is finished ({unit} 3 of 3)' in capsys.readouterr().out) == says
