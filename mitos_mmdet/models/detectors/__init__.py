"""Registered detectors, one class per file."""
