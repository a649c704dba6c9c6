FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN curl -fsSL https://models.fraud.example.com/card-fraud.onnx -o /models/card-fraud.onnx
