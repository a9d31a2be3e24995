"""Backbones, one registered class per file."""
