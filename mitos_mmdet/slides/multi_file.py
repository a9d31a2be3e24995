"""Refuses files that could be read as pictures but must not be: parts of slides, and files that only OpenSlide understands."""

from pathlib import Path

from mitos_mmdet.core.slide_files import MIRAX, MIRAX_DATA, is_mirax_folder
from mitos_mmdet.slides.slide import SlideError

SCANNERS = ('.svs', '.ndpi', '.mrxs', '.scn', '.bif', '.dcm', '.vms', '.vmu', '.svslide', '.avs')  # formats that OpenSlide is needed for
# TIFFs whose first page is a label, an overview or overlapping tiles; and lists of other files' names.
_ONLY_OPENSLIDE = ('.ndpi', '.scn', '.bif', '.dcm', '.vms', '.vmu', '.svslide')
_BY_NOBODY = {'.vsi': 'its slide lies in the folder _{}_ beside it', '.czi': "it has Zeiss' own format",
              '.isyntax': "it has Philips' own format"}


def check_is_no_slide_folder(path: Path) -> None:
    """Refuses the folder of a MIRAX slide in place of the ``.mrxs`` file.

    Raises:
        SlideError: Names the file to give, or to copy.
    """
    if is_mirax_folder(path):
        file = path.with_name(f'{path.name}{MIRAX}')
        fix = f'Give {file}' if file.is_file() else f'Its file {file.name} is missing beside it: copy it, too, and give that'
        raise SlideError(f'{path}: is the data folder of a MIRAX slide. {fix}')


def refuse_parts(path: Path) -> None:
    """Refuses a file that OpenSlide does not know where no other reader may read it.

    Raises:
        SlideError: Names what is missing or wrong, and the fix.
    """
    kind = path.suffix.lower()
    if kind == MIRAX:
        raise SlideError(f'{path}: {_mirax_fault(path)}')
    if kind in _BY_NOBODY:
        raise SlideError(f'{path}: cannot be read: {_BY_NOBODY[kind].format(path.stem)}. Export it as pyramidal TIFF or OME-TIFF')
    if kind in _ONLY_OPENSLIDE:
        raise SlideError(f'{path}: OpenSlide does not know it as {kind[1:].upper()}, perhaps because it is truncated or lacks files that '
                         f'belong to it. Fetch it again, or export it as pyramidal TIFF or OME-TIFF')


def _mirax_fault(path):
    if path.suffix != MIRAX:
        return f'OpenSlide knows MIRAX slides only as {MIRAX} in small letters. Rename it to {path.stem}{MIRAX}'
    folder = path.with_suffix('')
    if not folder.is_dir():
        return f'is a MIRAX slide without its data, which is the folder {folder.name} beside it. Copy that, too'
    return f'is a MIRAX slide whose folder {folder.name} holds no {MIRAX_DATA}. Copy the whole folder again'
