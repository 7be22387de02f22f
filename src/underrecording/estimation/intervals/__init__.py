"""Confidence intervals of a share, each a pure function of an estimate's precision: one file each.

All return ``(low, high)``, with width 0 where ``n_eff`` is infinite: nothing was
left to chance.
"""
