"""The Open Inference Protocol, version 2, as KServe and NVIDIA Triton speak it: photos in, vectors out."""

from fashionsdk.service.routes.open_inference._routes import router

__all__ = ["router"]
