"""Flags with numbers in other spellings: refused, with what to write instead."""

import argparse

import pytest

from mitos_mmdet.cli import detect, evaluate, tile
from mitos_mmdet.cli.number_flags import decimal, whole


@pytest.mark.parametrize('kind, text, advice', [
    (decimal, '0,5', '0.5'), (decimal, '0.25um', '0.25'), (decimal, '0,25 µm/px', '0.25'), (decimal, '2 mm2', '2'),
    (decimal, '-,5', '-0.5'),
    (decimal, '40x', 'for example 0.25'), (decimal, '50 %', 'for example 0.25'), (decimal, '250nm', 'for example 0.25'),
    (decimal, 'nan', 'for example 0.25'), (decimal, 'inf', 'for example 0.25'), (decimal, '1e999', 'for example 0.25'),
    (decimal, '', 'for example 0.25'), (decimal, '1.000,5', 'for example 0.25'), (decimal, '9' * 400, 'for example 0.25'),
    (whole, '1,000', '1000'), (whole, "1'000", '1000'), (whole, '4 threads', '4'), (whole, '2.5', 'for example 4'),
    (whole, '1e3', 'for example 4'), (whole, '0x10', 'for example 4'), (whole, '', 'for example 4'), (whole, '9' * 5000, 'for example 4')])
def test_other_spellings(kind, text, advice):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        kind(text)
    assert str(error.value).endswith(f' number. Write {advice}') and len(str(error.value)) < 100


def test_numbers():
    assert [decimal(text) for text in ('0.5', '.5', '-3', '1e-2')] == [0.5, 0.5, -3, 0.01]
    assert [whole(text) for text in ('4', '-1', '1_000', '9' * 400)] == [4, -1, 1000, int('9' * 400)]


@pytest.mark.parametrize('main, arguments, words', [
    (detect.main, ['a.png', '--out', 'b', '--um-per-px', '0,25'], "argument --um-per-px: '0,25' is not a number. Write 0.25"),
    (evaluate.main, ['--truth', 'a.json', '--detections', 'b.json', '--threshold', 'nan'], "argument --threshold: 'nan' is not a number"),
    (tile.main, ['a.json', 'b', '--out', 'c', '--overlap', '64px'], "argument --overlap: '64px' is not a whole number. Write 64")])
def test_the_flag_is_named(capsys, main, arguments, words):
    with pytest.raises(SystemExit):
        main(arguments)
    assert words in capsys.readouterr().err
