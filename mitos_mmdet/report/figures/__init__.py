"""The report's figures, one file a kind; ``draw.draw`` makes them all."""
