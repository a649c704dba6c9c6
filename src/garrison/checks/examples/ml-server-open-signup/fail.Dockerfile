FROM ghcr.io/open-webui/open-webui:0.9.2
ENV ENABLE_SIGNUP=true
ENV DEFAULT_USER_ROLE=user
