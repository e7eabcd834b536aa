"""The stores as they are written; ``scripts/twins.py`` makes ``_sync`` of them."""
