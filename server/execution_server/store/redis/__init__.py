"""The store on Redis (6.2 or later) or Valkey: see ``store.py``."""

from .open import StoreRefused, open_store
from .store import RedisStore

__all__ = ["RedisStore", "StoreRefused", "open_store"]
