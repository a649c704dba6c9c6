FROM ghcr.io/berriai/litellm:v1.106.0
ENV LITELLM_MASTER_KEY=sk-1234
CMD ["--config", "/etc/litellm/config.yaml"]
