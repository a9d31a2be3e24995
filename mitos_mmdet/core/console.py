"""What every command-line tool here shares: one clear line instead of a traceback, and the list of what was skipped."""

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mitos_mmdet.core.names import printable

_LONGEST, _TAIL = 1200, 300  # characters of a message, and of them its end, which says what to do (ours)


# Third-party warnings that a user can do nothing about, and that read as if the results were at risk.
_MISLEADING = ('faster_coco_eval is not installed', 'torch.meshgrid', '__array__ implementation', 'Could not import OneDL')


def run(main: Callable[[], int | None]) -> NoReturn:
    """Runs a tool's ``main()`` and ends the process.

    A ``ValueError`` or ``OSError`` is a user error: it ends with its message in one line and exit status 2. Anything else
    is a fault of the code and keeps its traceback. ``main`` may return an exit status.
    """
    for stream in (sys.stdout, sys.stderr):  # names out of files may hold what a terminal cannot show
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='backslashreplace')
    for start in _MISLEADING:
        warnings.filterwarnings('ignore', message=f'.*{start}')
    try:
        if '' in sys.argv[1:]:  # "$OUT" of a shell where OUT is not set; as a path it would be the folder one is in
            raise ValueError('an argument is empty: a variable that is not set, perhaps. Fill it in, or leave it out')
        sys.exit(main() or 0)
    except KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except (ValueError, OSError) as error:
        print(f'error: {one_line(error)}', file=sys.stderr)
        sys.exit(2)


def one_line(error: BaseException) -> str:
    """An error's message in one line; of one from a dataloader's worker only its own, not the traceback torch hands on in it."""
    text = str(error).strip()
    if text.startswith('Caught ') and 'Original Traceback' in text:
        text = text.splitlines()[-1].partition(': ')[2]
    text = printable(' '.join(text.split()))
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST - _TAIL]} ... {text[-_TAIL:]}'


def report_skipped(skipped: Sequence[tuple[Any, str]], strict: bool = False, most: int = 20) -> None:
    """Lists what was left out, on stderr.

    Args:
        skipped: ``[(what, reason), ...]``, ``what`` being a file or a label.
        strict: Make it an error.
        most: How many are listed before the rest is only counted (ours).

    Raises:
        ValueError: ``strict``, and something was skipped.
    """
    if not skipped:
        return
    if strict:
        what, reason = skipped[0]
        more = f' (and {len(skipped) - 1} more)' if len(skipped) > 1 else ''
        raise ValueError(f'{what}: {reason}{more}. Fix it, or run without --strict to skip it')
    print(f'skipped {len(skipped)}:', file=sys.stderr)
    for what, reason in skipped[:most]:
        print(f'  {printable(what)}: {printable(reason)}', file=sys.stderr)
    if len(skipped) > most:
        print(f'  ... and {len(skipped) - most} more', file=sys.stderr)
