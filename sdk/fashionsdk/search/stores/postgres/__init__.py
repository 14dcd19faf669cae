"""A store in PostgreSQL with pgvector; needs ``fashionsdk[postgres]``."""

from fashionsdk.search.stores.postgres._postgres import PostgresStore, open_postgres, postgres_contract

__all__ = ["PostgresStore", "open_postgres", "postgres_contract"]
