"""What can go wrong in the world, as one tree.

    FashionSDKError
    ├── ImageError       a photo that cannot be read
    ├── BundleError      a bundle that is missing, damaged or of another format
    ├── BackendError     a device or runtime that was asked for and is not there
    ├── GalleryError     a gallery file that is missing, damaged or made by another model
    └── LabelsError      a label table that is missing or does not say what it must

A caller's mistake (a wrong shape, an unknown attribute) is a ``ValueError`` or ``TypeError`` instead.
Every message says what was got, what was expected and what to do next.
"""


class FashionSDKError(Exception):
    """Base of every error that this project raises for the world's faults."""


class ImageError(FashionSDKError):
    """A photo cannot be read: ``source`` names it, ``reason`` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        """Pickle by both arguments, so that the error crosses process borders."""
        return type(self), (self.source, self.reason)


class BundleError(FashionSDKError):
    """A bundle is missing, damaged, or written in a format that this SDK does not read."""


class BackendError(FashionSDKError):
    """An inference runtime or device that was asked for is not available."""


class GalleryError(FashionSDKError):
    """A gallery is missing or damaged, or was made by another model."""


class LabelsError(FashionSDKError):
    """A label table is missing or does not say what it must."""
