FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN python -c "from transformers import AutoModel; AutoModel.from_pretrained('/models/chat')"
