"""The report's plots, one module per kind; ``draw.draw`` makes them all."""
