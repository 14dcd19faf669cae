"""OpenVINO on the CPU."""

from fashionsdk.backends.openvino._openvino import OpenVinoBackend, open_cpu

__all__ = ["OpenVinoBackend", "open_cpu"]
