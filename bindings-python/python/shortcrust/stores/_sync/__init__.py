"""Made of ``_aio`` by ``scripts/sync_stores.py``."""
