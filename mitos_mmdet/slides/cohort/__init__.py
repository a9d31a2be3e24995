"""Runs many slides, in one process or on Ray, and writes a table and a page of all."""
