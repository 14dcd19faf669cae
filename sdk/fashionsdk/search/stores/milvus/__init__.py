"""A store in Milvus; needs ``fashionsdk[milvus]``."""

from fashionsdk.search.stores.milvus._milvus import MilvusStore, milvus_contract, open_milvus

__all__ = ["MilvusStore", "milvus_contract", "open_milvus"]
