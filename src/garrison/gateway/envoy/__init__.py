"""From a plan to Envoy's configuration as plain JSON: a module per concern, and `compiled` that puts them together."""
