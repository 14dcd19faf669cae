"""Which models serve a bundle: one for each backend, and what reads photos for those that take pixels."""

from dataclasses import replace

from fashionsdk.bundle import Bundle
from fashionsdk_export.triton.engine_choice import loadable_engines
from fashionsdk_export.triton.python_models import photo_model, photo_reader, pixel_model
from fashionsdk_export.triton.served_bundle import ServedBundle
from fashionsdk_export.triton.triton_config import MAX_BATCH, TritonConfig
from fashionsdk_export.triton.triton_model import TritonModel


def bundle_models(bundle: Bundle, settings: TritonConfig) -> tuple[TritonModel, ...]:
    """Return the models to write, in the order of `TRITON_BACKENDS`.

    Raises:
        BackendError: a graph is damaged.
        BundleError: the bundle has no graph of the precision, or the graph has what no export writes.
        ExportError: the bundle has no engine that Triton could load.
        ValueError: a setting does not fit the bundle.
    """
    precision = bundle.graph(settings.precision).precision
    served = ServedBundle(bundle, precision, settings, settings.max_batch or MAX_BATCH, settings.preferred_batches)
    models = [photo_model(served)] if "python" in settings.backends else []
    models += [pixel_model(served)] if "python-pixels" in settings.backends else []
    return (*models, *_of_graphs(served))


def _of_graphs(served: ServedBundle) -> list[TritonModel]:
    """Return the models that Triton computes itself. They take pixels, so each is behind a reader as well."""
    backends = served.settings.backends
    if not {"onnx", "tensorrt"} & set(backends):
        return []  # the rest imports onnx
    from fashionsdk_export.triton.graph_models import behind_reader, onnx_model, tensorrt_model

    reader = photo_reader(served)
    models = [reader]
    if "onnx" in backends:
        model = onnx_model(served)
        models += [model, behind_reader(served, reader, model)]
    if "tensorrt" in backends:
        engines = loadable_engines(served.bundle, served.precision, served.settings.tensorrt_version)
        limited = _within_engines(served, max_batch=min(e.max_batch for e in engines), opt_batch=engines[0].opt_batch)
        model = tensorrt_model(limited, engines)
        models += [model, behind_reader(limited, reader, model)]
    return models


def _within_engines(served: ServedBundle, *, max_batch: int, opt_batch: int) -> ServedBundle:
    """Return the same, in batches that engines take.

    Raises:
        ValueError: the settings ask for larger ones.
    """
    settings = served.settings
    asked = max(settings.max_batch or 1, *settings.preferred_batches, 1)
    if asked > max_batch:
        raise ValueError(
            f"batches of {asked} were asked for, and an engine takes {max_batch} at most; expected fewer, or an engine "
            "that was built with a larger --max-batch"
        )
    largest = settings.max_batch or min(MAX_BATCH, max_batch)
    return replace(served, max_batch=largest, preferred=settings.preferred_batches or (min(opt_batch, largest),))
