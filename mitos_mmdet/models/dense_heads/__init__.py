"""Registered proposal heads, one class a file."""
