"""Made of ``_aio`` by ``scripts/twins.py``."""
