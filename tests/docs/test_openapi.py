"""The OpenAPI document in the documentation is that of the service, and is one."""

import json
import runpy

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.docs.pages import DOCS

RENEW = "python docs/tools/openapi.py --out docs/openapi.json"
KEPT = DOCS / "openapi.json"


def test_the_document_is_that_of_the_service():
    made = runpy.run_path(str(DOCS / "tools" / "openapi.py"))["document"]()
    changed = json.loads(made) != json.loads(KEPT.read_text(encoding="utf-8"))
    assert not changed, f"callers see another API than before; if that is meant, run {RENEW} and tell them"


def test_the_document_is_one_of_openapi():
    document = json.loads(KEPT.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_guide_shows_every_address():
    guide = (DOCS / "guides" / "api.md").read_text(encoding="utf-8")
    for path in json.loads(KEPT.read_text(encoding="utf-8"))["paths"]:
        shown = path.replace("/{key}", "/").replace("/{name}", "/fashionsdk")
        assert shown in guide, path
