"""Necks, one registered class per file."""
