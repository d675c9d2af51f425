"""The store on Redis (6.2 or later) or Valkey: see ``store.py``."""

from .durability import StoreRefused
from .open import open_store
from .store import RedisStore

__all__ = ["RedisStore", "StoreRefused", "open_store"]
