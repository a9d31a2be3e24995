"""Kills data commands at random moments, runs them again, and compares with a run that was left alone: python tests/fuzz/kill_commands.py

By hand, as it takes minutes: --kills 20 kills each command 20 times.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def everything(folder):
    """Content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def commands(data):
    """``{name: arguments}``; each takes the output folder last."""
    images = [str(data / 'sample.json'), str(data / 'images')]
    return {'make-sample': ['make-sample', '--frames', '6', '--size', '400x320'],
            'tile': ['tile', *images, '--size', '128', '--overlap', '64', '--keep', 'all', '--workers', '2', '--out'],
            'normalize': ['normalize', str(data / 'images'), '--workers', '2']}


def mitos(arguments, **options):
    return subprocess.Popen([sys.executable, '-m', 'mitos_mmdet.cli', *map(str, arguments)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True, **options)


def alive(group):
    """Whether a process of a group is left 5 s later."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return True


def kill_once(arguments, expected, seconds, folder):
    """Kills the main process after some time, then finishes the work; what went wrong, or None."""
    process = mitos([*arguments, folder])
    time.sleep(seconds)
    process.kill()
    process.wait()
    if alive(process.pid):
        return 'a worker outlived the command'
    if mitos([*arguments, folder]).wait() != 0:
        return 'the second run failed'
    found = everything(folder)
    differ = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    return f'other files than without the kill: {differ[:3]}' if differ else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--only', help='one of the commands')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / 'data'
        for arguments in (['make-sample', '--frames', '8', '--size', '500x400', data],
                          ['convert', 'midog', data, '--out', data / 'sample.json']):
            if mitos(arguments).wait() != 0:
                sys.exit(f'{arguments[0]} failed')
        for name, arguments in commands(data).items():
            if args.only not in (None, name):
                continue
            straight, begin = Path(folder) / f'{name}_straight', time.monotonic()
            if mitos([*arguments, straight]).wait() != 0:
                sys.exit(f'{name} failed')
            lasts, faults = time.monotonic() - begin, []
            for number in range(args.kills):
                fault = kill_once(arguments, everything(straight), rng.uniform(0.2, 1) * lasts, Path(folder) / f'{name}_{number}')
                faults += [fault] if fault else []
            print(f'{name}: {args.kills} kills, {len(faults)} with another result', *faults[:3], sep='\n  ', flush=True)


if __name__ == '__main__':
    main()
