"""CSV lines of a point: two coordinates and, where there is one, a score."""

from mitos_mmdet.contests.label_files import parse_numbers, read_lines


def read_points(path, columns):
    """``[(first, second, score or None), ...]`` of a file, none of an empty one.

    Args:
        path: The file.
        columns: What the two coordinates are, for the message, as ``'row,col'``.

    Raises:
        ValueError: A line of other than two or three finite numbers.
    """
    points = []
    for number, line in read_lines(path):
        values = parse_numbers(line, f'{path}:{number}', f'{columns}[,confidence]')
        if len(values) not in (2, 3):
            raise ValueError(f'{path}:{number}: {line[:60]!r} has {len(values)} columns, expected {columns}[,confidence]. Mend the line')
        points.append((*values, None)[:3])
    return points


def to_lines(firsts, seconds, scores):
    """The lines of a file; ``repr`` writes each number so that it reads back as the same."""
    columns = [firsts, seconds] if scores is None else [firsts, seconds, scores]
    return ''.join(','.join(map(repr, row)) + '\n' for row in zip(*(column.tolist() for column in columns), strict=True))
