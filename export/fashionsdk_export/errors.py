"""Errors of the export, part of the SDK's tree."""

from fashionsdk.errors import FashionSDKError


class ExportError(FashionSDKError):
    """A graph cannot be made, or does not give PyTorch's numbers."""
