"""Necks, one registered class a file."""
