"""The model gateway: one small file in, a hardened Envoy out. Envoy is the data plane, Garrison is the compiler."""
