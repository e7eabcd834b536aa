"""The tables of ``shortcrust.django``."""
