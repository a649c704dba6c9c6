"""X.509 certificates: whether those of a gateway file can be used, and an authority for development."""
