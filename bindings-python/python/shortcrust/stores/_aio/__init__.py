"""The stores as they are written; ``scripts/sync_stores.py`` makes ``_sync`` of them."""
