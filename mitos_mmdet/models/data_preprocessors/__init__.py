"""Data preprocessors, one registered class a file."""
