"""Variances of an accuracy estimate, from its influence on the records read: one file each."""
