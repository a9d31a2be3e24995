"""Registered model components, one class a file."""
