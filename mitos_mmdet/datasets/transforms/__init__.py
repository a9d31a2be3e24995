"""Pipeline transforms, one registered class per file."""
