"""What is written in the text format, Google's own reader gives back."""

from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc.model_config_pb2 import ModelConfig

from fashionsdk_export.triton.text_format import Name, to_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def read(text: str) -> ModelConfig:
    return text_format.Parse(text, ModelConfig())


@given(TEXT, TEXT)
def test_any_text_is_read_back_as_it_was(name: str, value: str):
    written = to_text({"name": name, "parameters": [{"key": name, "value": {"string_value": value}}]})
    assert written.count("\n") == 7  # a field a line, whatever is in it
    config = read(written)
    assert config.name == name
    assert {key: each.string_value for key, each in config.parameters.items()} == {name: value}


def test_numbers_truth_values_enums_and_messages_are_read_back():
    config = read(
        to_text(
            {
                "max_batch_size": 7,
                "input": [{"name": "a", "data_type": Name("TYPE_UINT8"), "dims": (3, -1)}, {"name": "b"}],
                "dynamic_batching": {"preserve_ordering": True, "preferred_batch_size": ()},
                "version_policy": {"all": {}},
            }
        )
    )
    expected = ModelConfig(max_batch_size=7)
    first, second = expected.input.add(), expected.input.add()
    first.name, first.data_type, second.name = "a", 2, "b"  # the schema numbers TYPE_UINT8 so
    first.dims.extend([3, -1])
    expected.dynamic_batching.preserve_ordering = True
    expected.version_policy.all.SetInParent()
    assert config == expected
    assert config.version_policy.WhichOneof("policy_choice") == "all"
