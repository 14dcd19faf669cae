"""Errors that files, devices and versions cause, as one tree.

    FashionSDKError
    ├── ImageError       a photo that cannot be read
    ├── BundleError      a bundle that is missing, damaged or of another format
    ├── BackendError     a requested device or runtime that is not available
    ├── GalleryError     a gallery file that is missing, damaged or made by another model
    ├── LabelsError      a label table that is missing or does not have what it must have
    └── ServiceError     a service that answers a client with a problem, or not at all; `fashionsdk.client` has more

A caller's mistake (a wrong shape, an unknown attribute) is a ``ValueError`` or ``TypeError`` instead.
Every message says what was there, what was expected and what to do next.
"""


class FashionSDKError(Exception):
    """Base of every error that this project raises for faults of files, devices and versions."""


class ImageError(FashionSDKError):
    """A photo cannot be read: ``source`` names it, ``reason`` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        """Pickle by both arguments, so that the error can be sent to another process."""
        return type(self), (self.source, self.reason)


class BundleError(FashionSDKError):
    """A bundle is missing, damaged, or written in a format that this SDK does not read."""


class BackendError(FashionSDKError):
    """A requested inference runtime or device is not available."""


class GalleryError(FashionSDKError):
    """A gallery is missing or damaged, or was made by another model."""


class LabelsError(FashionSDKError):
    """A label table is missing or does not have what it must have."""


class ServiceError(FashionSDKError):
    """A service answers with a problem, or not at all.

    Attributes:
        status: of HTTP, or 0 without an answer.
        kind: of the problem, such as ``"photo"``; ``"unknown"`` if the answer is none of this service.
        detail: what was got, and what was expected.
        request_id: under which the service's log has more.
    """

    def __init__(self, status: int, kind: str, detail: str, request_id: str) -> None:
        super().__init__(f"{detail} ({kind}, HTTP {status}, request {request_id})" if status else detail)
        self.status, self.kind, self.detail, self.request_id = status, kind, detail, request_id

    def __reduce__(self) -> tuple[type["ServiceError"], tuple[int, str, str, str]]:
        """Pickle by all arguments, so that the error can be sent to another process."""
        return type(self), (self.status, self.kind, self.detail, self.request_id)
