"""mmdet, ready for use by a command."""


def load_mmdet() -> None:
    """Registers the components of this project with mmdet.

    Raises:
        ValueError: mmdet is absent or unsuited; the message says what to install.
    """
    try:
        import mitos_mmdet.register  # noqa: F401
    except ImportError as error:
        raise ValueError(str(error)) from error
