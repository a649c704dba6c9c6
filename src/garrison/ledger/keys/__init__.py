"""The keys that sign: in a file, in a file sealed with age, in a key service."""
