"""Repeat it: cells, blocks, moments, measures with their Monte Carlo error, and the run folder."""
