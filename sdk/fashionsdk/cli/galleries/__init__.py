"""What commands that work on galleries share: opening one, asking it, printing and explaining its answers."""

from fashionsdk.cli.galleries._explanations import add_explain_options, explanation_path, write_explanations
from fashionsdk.cli.galleries._key_list import add_on_unknown_option, read_key_lines
from fashionsdk.cli.galleries._print_matches import (
    add_attribute_option,
    add_query_arguments,
    chosen_attribute,
    print_matches,
)
from fashionsdk.cli.galleries._stores import (
    STORE_HELP,
    add_store_argument,
    bundle_or_gallery_contract,
    changing,
    contract_of,
    open_to_read,
    precisions_of,
    require,
    shown_address,
)
from fashionsdk.cli.galleries._where_option import add_where_option

__all__ = [
    "STORE_HELP",
    "add_attribute_option",
    "add_explain_options",
    "add_on_unknown_option",
    "add_query_arguments",
    "add_store_argument",
    "add_where_option",
    "bundle_or_gallery_contract",
    "changing",
    "chosen_attribute",
    "contract_of",
    "explanation_path",
    "open_to_read",
    "precisions_of",
    "print_matches",
    "read_key_lines",
    "require",
    "shown_address",
    "write_explanations",
]
