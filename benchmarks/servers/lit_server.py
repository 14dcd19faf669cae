"""LitServe around the same model, as its guide says: batches of photos, which come as base64 in JSON.

Its packages want an event loop of their own choice, so it has an environment: ``make litserve-environment``.
"""

import argparse
import base64
import os
from typing import Any

import litserve

from fashionsdk import Embedder, Embeddings


class EmbedAPI(litserve.LitAPI):  # type: ignore[misc]  # the package has no types
    def setup(self, device: str) -> None:
        self.embedder = Embedder(os.environ["BUNDLE"])

    def decode_request(self, request: dict[str, str]) -> bytes:
        return base64.b64decode(request["photo"])

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        return inputs

    def predict(self, photos: list[bytes]) -> Embeddings:
        return self.embedder.embed(photos)

    def unbatch(self, output: Embeddings) -> list[Embeddings]:
        return [output.photo(place) for place in range(len(output))]

    def encode_response(self, output: Embeddings) -> dict[str, Any]:
        return {name: output[name][0].tolist() for name in output.attributes}


def serve() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    api = EmbedAPI(max_batch_size=16, batch_timeout=0.004, api_path="/v1/embed")
    server = litserve.LitServer(api, accelerator="cpu", healthcheck_path="/healthz", disable_openapi_url=True)
    server.run(host="127.0.0.1", port=parser.parse_args().port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    serve()
