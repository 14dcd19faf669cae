"""Errors of the export, part of the SDK's tree."""

from fashionsdk.errors import FashionSDKError


class ExportError(FashionSDKError):
    """A graph cannot be made, or its answers differ from PyTorch's."""
