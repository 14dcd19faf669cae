"""What one writes without a service: a FastAPI handler that embeds one photo a request, in the framework's threads."""

import os

from fastapi import FastAPI, File
from fastapi.responses import JSONResponse

from fashionsdk import Embedder, ImageError

embedder = Embedder(os.environ["BUNDLE"])
app = FastAPI()


@app.get("/healthz")
def alive() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/embed")
def embed(photo: bytes = File()) -> JSONResponse:
    try:
        found = embedder.embed(photo)
    except ImageError as error:
        return JSONResponse({"detail": error.reason}, 422)
    return JSONResponse({name: found[name][0].tolist() for name in found.attributes})
