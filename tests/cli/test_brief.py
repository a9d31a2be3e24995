"""``--brief``: few lines, and those that matter."""

from mitos_mmdet.cli.brief import brief_output, found_lines

METRICS = {'centroid/f1': 0.8, 'centroid/precision': 0.75, 'centroid/recall': 0.857, 'centroid/tp': 6, 'centroid/fp': 2, 'centroid/fn': 1,
           'centroid/frames': 4}


def test_says_what_was_found_what_it_means_and_which_file_to_open():
    text = ' '.join(found_lines({**METRICS, 'centroid/threshold_best_on_this_set': 0.41}, 'work/report.html', 'work/pictures'))
    for part in ('6 of 7 mitotic figures on 4 frames', '2 false positives', 'F1 0.800', '0.41', 'F1 is 1 where', 'optimistic',
                 'work/report.html', 'work/pictures'):
        assert part in text


def test_a_fixed_threshold_does_not_flatter():
    assert 'optimistic' not in ' '.join(found_lines({**METRICS, 'centroid/threshold_fixed': 0.5}))


def test_the_log_stays_off_the_terminal_and_skipped_images_do_not(capsys):
    with brief_output(True) as say:
        print('800 lines of configuration')
        print('11/27 05:44:12 - mmengine - INFO - 4 frames scored, 0 without labels, 0 skipped')
        print('11/27 05:44:12 - mmengine - INFO - Epoch(val) [1][2/2]    centroid/frames_skipped: 0.0000')
        print('11/27 05:44:12 - mmengine - WARNING - conv is duplicate. It is skipped since bypass_duplicate=True')
        print('11/27 05:44:12 - mmengine - WARNING - skipped: a.png: is truncated')
        print('skipped 1 frames, which are in no score above:')
        say('epoch 1 of 4')
    out = capsys.readouterr().out
    kept = [line for line in out.splitlines() if line]
    assert [line.partition('skipped')[2] for line in kept] == [': a.png: is truncated', ' 1 frames, which are in no score above:', '']
    assert kept[-1] == 'epoch 1 of 4'


def test_without_the_flag_everything_is_printed(capsys):
    with brief_output(False) as say:
        print('a line of the log')
        say('a line of ours')
    assert capsys.readouterr().out == 'a line of the log\na line of ours\n'
