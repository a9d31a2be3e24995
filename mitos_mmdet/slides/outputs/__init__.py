"""The files written for a slide, one module per format."""
