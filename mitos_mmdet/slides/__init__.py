"""Whole slides: reading, tissue, detection, counts and output files."""
