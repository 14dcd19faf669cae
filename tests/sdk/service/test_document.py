"""What the OpenAPI document promises is what is answered, whatever is asked (schemathesis)."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.sdk.client.running import serving

pytestmark = pytest.mark.long
PROMISES = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
MORE = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture
def schema(settings):
    from fashionsdk.service import create_app

    with serving(create_app(settings)) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json")


def test_nothing_that_is_asked_gives_another_answer_than_the_document_says(schema):
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @MORE
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(checks=PROMISES)

        ask()
