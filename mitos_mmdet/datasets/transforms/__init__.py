"""Pipeline transforms, one registered class a file."""
