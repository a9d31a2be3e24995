"""Data preprocessors, one registered class per file."""
