"""Backbones, one registered class a file."""
