FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
ADD https://models.fraud.example.com/card-fraud.onnx /models/card-fraud.onnx
