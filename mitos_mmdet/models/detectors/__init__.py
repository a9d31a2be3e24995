"""Registered detectors, one class a file."""
