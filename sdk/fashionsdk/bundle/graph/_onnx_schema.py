"""The messages of ``onnx.proto``: their fields by number.

The fields under ``NOT_IN_...`` are those that no export writes. They are known so that an error can name them.
"""

from fashionsdk.bundle.graph._protobuf import Field, Schema

MODEL: Schema = {
    1: Field("ir_version", "int"),
    2: Field("producer_name"),
    3: Field("producer_version"),
    4: Field("domain"),
    5: Field("model_version", "int"),
    6: Field("doc_string"),
    7: Field("graph"),
    8: Field("opset_import", repeated=True),
    14: Field("metadata_props", repeated=True),
    20: Field("training_info", repeated=True),
    25: Field("functions", repeated=True),
    26: Field("configuration", repeated=True),
}
NOT_IN_MODEL = ("training_info", "functions", "configuration")
GRAPH: Schema = {
    1: Field("node", repeated=True),
    2: Field("name"),
    5: Field("initializer", repeated=True),
    10: Field("doc_string"),
    11: Field("input", repeated=True),
    12: Field("output", repeated=True),
    13: Field("value_info", repeated=True),
    14: Field("quantization_annotation", repeated=True),
    15: Field("sparse_initializer", repeated=True),
    16: Field("metadata_props", repeated=True),
}
NOT_IN_GRAPH = ("quantization_annotation", "sparse_initializer")
NODE: Schema = {
    1: Field("input", repeated=True),
    2: Field("output", repeated=True),
    3: Field("name"),
    4: Field("op_type"),
    5: Field("attribute", repeated=True),
    6: Field("doc_string"),
    7: Field("domain"),
    8: Field("overload"),
    9: Field("metadata_props", repeated=True),
    10: Field("device_configurations", repeated=True),
}
NOT_IN_NODE = ("overload", "device_configurations")
ATTRIBUTE: Schema = {
    1: Field("name"),
    2: Field("f", "float"),
    3: Field("i", "int"),
    4: Field("s"),
    5: Field("t"),
    6: Field("g"),
    7: Field("floats", "float", repeated=True),
    8: Field("ints", "int", repeated=True),
    9: Field("strings", repeated=True),
    10: Field("tensors", repeated=True),
    11: Field("graphs", repeated=True),
    13: Field("doc_string"),
    14: Field("tp"),
    15: Field("type_protos", repeated=True),
    20: Field("type", "int"),
    21: Field("ref_attr_name"),
    22: Field("sparse_tensor"),
    23: Field("sparse_tensors", repeated=True),
}
ATTRIBUTE_TYPES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}  # the field of each type
NOT_IN_ATTRIBUTE = ("g", "tensors", "graphs", "tp", "type_protos", "ref_attr_name", "sparse_tensor", "sparse_tensors")
TENSOR: Schema = {
    1: Field("dims", "int", repeated=True),
    2: Field("data_type", "int"),
    3: Field("segment"),
    4: Field("float_data", "float", repeated=True),
    5: Field("int32_data", "int", repeated=True),
    6: Field("string_data", repeated=True),
    7: Field("int64_data", "int", repeated=True),
    8: Field("name"),
    9: Field("raw_data"),
    10: Field("double_data", repeated=True),
    11: Field("uint64_data", "int", repeated=True),
    12: Field("doc_string"),
    13: Field("external_data", repeated=True),
    14: Field("data_location", "int"),
    16: Field("metadata_props", repeated=True),
}
NOT_IN_TENSOR = ("segment", "string_data", "double_data")
ENTRY: Schema = {1: Field("key"), 2: Field("value")}
VALUE: Schema = {
    1: Field("name"),
    2: Field("type"),
    3: Field("doc_string"),
    4: Field("metadata_props", repeated=True),
}
TYPE: Schema = {1: Field("tensor_type"), 6: Field("denotation")}
TENSOR_TYPE: Schema = {1: Field("elem_type", "int"), 2: Field("shape")}
SHAPE: Schema = {1: Field("dim", repeated=True)}
LENGTH: Schema = {1: Field("dim_value", "int"), 2: Field("dim_param"), 3: Field("denotation")}
