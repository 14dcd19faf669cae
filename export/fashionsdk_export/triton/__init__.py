"""NVIDIA Triton: a bundle as a model repository, which its server loads."""

from fashionsdk_export.triton.repository import ModelRepository, write_repository
from fashionsdk_export.triton.triton_config import TRITON_BACKENDS, VERSION_POLICIES, TritonConfig

__all__ = ["TRITON_BACKENDS", "VERSION_POLICIES", "ModelRepository", "TritonConfig", "write_repository"]
