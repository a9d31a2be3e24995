"""Checks of output paths before any work is done: they can be written, and no input is lost."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_MARK_WITHIN = 4096  # bytes at the start of a file in which its mark stands (ours)


def check_outputs(outputs: Mapping[str, Path | str | None], inputs: Iterable[Path | str | None] = (),
                  ours: Mapping[str, bytes] | None = None, suffixes: Mapping[str, tuple[str, ...]] | None = None) -> None:
    """Checks the output files of a command.

    Args:
        outputs: ``{flag: file or None}``.
        inputs: Files and folders that the command reads; None and what is absent are left out.
        ours: ``{flag: what an earlier output of this kind has in its first 4 KB}``; such a file may be replaced in an input folder too.
        suffixes: ``{flag: those it may end in}``, such as ``{'--out': ('.json',)}``.

    Raises:
        ValueError: One cannot be written, is an input, would replace a file in an input folder that is not ours, or two are one.
    """
    inputs = list(inputs)
    seen: dict[Path, str] = {}
    for flag, path in outputs.items():
        if path is None:
            continue
        check_output(flag, path, inputs, (ours or {}).get(flag), (suffixes or {}).get(flag, ()))
        twin = seen.setdefault(Path(path).resolve(), flag)
        if twin != flag:
            raise ValueError(f'{flag} {path}: is the file of {twin}, too. Choose another name')


def check_output(flag: str, path: Path | str, inputs: Iterable[Path | str | None] = (), ours: bytes | None = None,
                 suffixes: tuple[str, ...] = ()) -> None:
    """Checks one output file; as :func:`check_outputs`. ``suffixes``: those it may end in, such as ``('.json',)``."""
    path = Path(path)
    if suffixes and path.suffix.lower() not in suffixes:
        raise ValueError(f"{flag} {path}: not a {' or '.join(suffixes)} file. Give it a name that ends in {' or '.join(suffixes)}")
    check_writable(flag, path.absolute().parent, path)
    if path.is_dir():
        raise ValueError(f'{flag} {path}: cannot be written there, it is a folder. Give a file')
    if not path.exists():
        return
    if not path.is_file():
        raise ValueError(f'{flag} {path}: cannot be written there, it is no ordinary file. Choose another name')
    for source in (Path(entry) for entry in inputs if entry):
        if os.path.isfile(source) and source.samefile(path):
            raise ValueError(f'{flag} {path}: is an input of this command ({source}), which is never replaced. Choose another name')
        if os.path.isdir(source) and _lies_in(path, source) and not (ours and begins_with(path, ours)):
            raise ValueError(f'{flag} {path}: is there already, in the input folder {source}, and not known to be from this command. '
                             f'Choose another name, or remove it')


def check_ours(flag: str, path: Path | str, mark: bytes) -> None:
    """Refuses to replace, wherever it lies, a file that holds something and not ``mark`` in its first 4 KB.

    Raises:
        ValueError: It is such a file.
    """
    path = Path(path)
    if path.is_file() and path.stat().st_size and not begins_with(path, mark):
        raise ValueError(f'{flag} {path}: is there already, and not from this command. Choose another name, or remove it')


def check_writable(flag: str, folder: Path | str, path: Path | str | None = None) -> None:
    """Refuses an output folder that could not be made, without making it. ``path``: what the message names, if not the folder.

    Raises:
        ValueError: The nearest folder that exists is none, or none to write in.
    """
    folder = Path(folder).absolute()
    try:
        for name in (path or folder, folder):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.lstat(name)
        nearest = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
        fits = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    except (OSError, ValueError):  # a name that no file system takes
        fits = False
    if not fits:
        raise ValueError(f'{flag} {path or folder}: cannot be written there. Choose another folder')


def check_folder(flag: str, folder: Path | str, inputs: Iterable[Path | str | None], ours: str) -> None:
    """Refuses a folder for many files in which files of an input folder could be replaced.

    Args:
        flag, folder: The output.
        inputs: Folders that the command reads; None and what is absent are left out.
        ours: Name of a file that every output folder of this kind holds, so that one in an input folder is known again.

    Raises:
        ValueError: It cannot be written, or is or lies in an input folder and holds files that are not of this command.
    """
    folder = Path(folder)
    check_writable(flag, folder)
    if not folder.is_dir() or (folder / ours).is_file() or not any(folder.iterdir()):
        return
    for source in [Path(each) for each in inputs if each]:
        if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
            raise ValueError(f'{flag} {folder}: holds files of the input folder {source}, which could be replaced. Choose another folder')


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file is below a folder, by its own path, by what it links to, or as a hard link of a file there."""
    folder = folder.resolve()
    if path.resolve().is_relative_to(folder) or (path.parent.resolve() / path.name).is_relative_to(folder):
        return True
    status = path.stat()
    return status.st_nlink > 1 and any(os.path.samestat(status, entry.stat()) for entry in folder.rglob('*') if entry.is_file())


def begins_with(path: Path, mark: bytes) -> bool:
    """Whether a file holds some bytes in its first 4 KB."""
    with path.open('rb') as file:
        return mark in file.read(_MARK_WITHIN)
