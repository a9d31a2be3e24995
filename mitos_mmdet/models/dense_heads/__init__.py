"""Registered proposal heads, one class per file."""
