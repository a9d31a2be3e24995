"""CSV lines of a point: two coordinates and, where there is one, a score."""

from mitos_mmdet.contests.label_files import parse_numbers, read_lines


def read_point_files(paths, columns) -> dict:
    """The points of several files of one kind.

    Args:
        paths: The files.
        columns: What the two coordinates are, for the message, as ``'row,col'``.

    Returns:
        dict: ``{path: [(first, second, score or None), ...]}``; none of an empty file.

    Raises:
        ValueError: A line of other than two or three finite numbers, or a first column that numbers the lines.
    """
    lines = {path: _read(path, columns) for path in paths}
    _check_no_index(lines, columns)
    return {path: [(*values, None)[:3] for values in rows] for path, rows in lines.items()}


def to_lines(firsts, seconds, scores) -> str:
    """The lines of a file; ``repr`` writes each number so that it reads back as the same."""
    columns = [firsts, seconds] if scores is None else [firsts, seconds, scores]
    return ''.join(','.join(map(repr, row)) + '\n' for row in zip(*(column.tolist() for column in columns), strict=True))


def _read(path, columns):
    rows = []
    for number, line in read_lines(path):
        values = parse_numbers(line, f'{path}:{number}', f'{columns}[,confidence]')
        if len(values) == 4 and values[0] in (len(rows), len(rows) + 1):
            raise ValueError(f'{path}:{number}: {line[:60]!r} has 4 columns, expected {columns}[,confidence]. The first one numbers the '
                             f'lines: write the file without it (pandas: index=False)')
        if len(values) not in (2, 3):
            raise ValueError(f'{path}:{number}: {line[:60]!r} has {len(values)} columns, expected {columns}[,confidence]. Correct the line')
        rows.append(values)
    return rows


def _check_no_index(lines, columns):
    """Refuses ``index,x,y`` read as ``x,y,confidence``: the first column numbers the lines, and the third is no confidence."""
    rows = [row for its in lines.values() for row in its]
    scores = [row[2] for row in rows if len(row) == 3]
    if not scores or len(scores) < len(rows) or not 2 * sum(abs(score) > 1 for score in scores) > len(scores):
        return
    if all(_numbers_lines([row[0] for row in its]) for its in lines.values()) and max(row[0] for row in rows) <= len(rows):
        path = next(path for path, its in lines.items() if its)
        raise ValueError(f'{path}: the first column numbers the lines, and the third, as {scores[0]:g}, is no confidence. Write '
                         f'{columns}[,confidence] without the index (pandas: index=False)')


def _numbers_lines(values):
    """Whether they are different whole numbers with no gap, in any order."""
    whole = {int(value) for value in values if value == int(value)}
    return not values or len(whole) == len(values) and max(whole) - min(whole) < len(values)
