"""What commands that work on galleries share: opening one, asking it, printing its answers."""

from fashionsdk.cli.galleries._key_list import read_key_lines
from fashionsdk.cli.galleries._print_matches import (
    add_attribute_option,
    add_query_arguments,
    chosen_attribute,
    print_matches,
)
from fashionsdk.cli.galleries._stores import (
    STORE_HELP,
    add_store_argument,
    changing,
    contract_at,
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
    "add_query_arguments",
    "add_store_argument",
    "add_where_option",
    "changing",
    "chosen_attribute",
    "contract_at",
    "contract_of",
    "open_to_read",
    "precisions_of",
    "print_matches",
    "read_key_lines",
    "require",
    "shown_address",
]
