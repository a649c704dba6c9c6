"""The authorisation service: what a policy leaves open ahead of time is decided here, request by request, for Envoy's ext_authz."""
