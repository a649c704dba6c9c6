FROM heartexlabs/label-studio:1.20.0
ENV SSRF_PROTECTION_ENABLED=true
