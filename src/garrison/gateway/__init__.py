"""The model gateway: one file and a policy in, a hardened Envoy out."""
