FROM ghcr.io/berriai/litellm:v1.106.0
CMD ["--config", "/etc/litellm/config.yaml", "--detailed_debug"]
