"""Hooks of a training: whole checkpoints, an exact resume, and a stop where training is lost."""
