"""Point estimators of recording accuracy: one file, one plug-in."""
