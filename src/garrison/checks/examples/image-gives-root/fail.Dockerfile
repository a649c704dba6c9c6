FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN apt-get update && apt-get install -y sudo \
    && echo "scientist ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers
USER scientist
