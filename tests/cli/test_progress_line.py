"""The line that tells how far a command is."""

from mitos_mmdet.cli.progress_line import ProgressLine


def test_progress_is_one_line_on_a_terminal_only():
    class Stream(list):
        write, flush = list.append, lambda self: None

    class Terminal(Stream):
        isatty = staticmethod(lambda: True)

    for stream, shown in ((Terminal(), 4), (Stream(), 0)):
        times = iter([0.0, *([0.5] if shown else []), 1.0, 1.05, 4.0])
        line = ProgressLine('a.png', stream, lambda: next(times))  # noqa: B023
        line.say('  looking for tissue')
        for done in (1, 2, 8):
            line(done, 20)
        line.clear()
        assert len(stream) == shown
        assert not shown or stream[0].endswith('a.png  looking for tissue ...')
        assert not shown or stream[2].endswith('a.png  tile 8/20  2.3 tiles/s  0:05 left')
