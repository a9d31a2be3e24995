"""Finds the image of a frame, whatever its format."""

from pathlib import Path

# Lossless first: where a frame is there twice, the original wins over a preview.
SUFFIXES = ('.tiff', '.tif', '.bmp', '.png', '.jp2', '.webp', '.jpg', '.jpeg')


def list_images(folder: str | Path) -> dict[str, Path]:
    """Images directly in ``folder``: ``{stem: path}``, one per stem, sorted by stem; a folder that is not there has none."""
    folder = Path(folder)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        suffix = path.suffix.lower()
        if suffix in SUFFIXES and not path.name.startswith('.'):
            best = found.get(path.stem)
            if best is None or SUFFIXES.index(suffix) < SUFFIXES.index(best.suffix.lower()):
                found[path.stem] = path
    return found


def check_image_root(images: str | Path | None, default: Path) -> Path:
    """The image root: ``images`` where given, else ``default``.

    Raises:
        ValueError: ``images`` is no folder.
    """
    if images is None:
        return Path(default)
    if not Path(images).is_dir():
        raise ValueError(f'{images}: no such folder. Give the folder of the images as --images')
    return Path(images)
