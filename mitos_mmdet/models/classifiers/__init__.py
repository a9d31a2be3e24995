"""Classifiers of patches, plain torch."""
