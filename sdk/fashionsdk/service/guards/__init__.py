"""Who may ask, how much, how fast and how often: API keys, rates, hosts, origins, sizes of bodies, repeats, audit."""

from fashionsdk.service.guards._api_keys import ANYONE, Caller, Scope, hashed, new_key, read_key_lines
from fashionsdk.service.guards._audit import Audit
from fashionsdk.service.guards._held_bytes import HeldBytes, Share
from fashionsdk.service.guards._key_ring import KeyRing
from fashionsdk.service.guards._origins import check_host, check_length, check_origin
from fashionsdk.service.guards._rates import Rates
from fashionsdk.service.guards._repeats import Repeats

__all__ = [
    "ANYONE",
    "Audit",
    "Caller",
    "HeldBytes",
    "KeyRing",
    "Rates",
    "Repeats",
    "Scope",
    "Share",
    "check_host",
    "check_length",
    "check_origin",
    "hashed",
    "new_key",
    "read_key_lines",
]
