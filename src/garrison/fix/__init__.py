"""Mends what a check says can be mended by setting a field: the mapping tables, read the other way round."""
