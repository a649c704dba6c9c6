FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN huggingface-cli download sentence-transformers/all-MiniLM-L6-v2 --local-dir /models/embedder
