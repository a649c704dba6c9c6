FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
COPY models/card-fraud/model.safetensors /models/card-fraud/
