FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN wget http://models.fraud.example.com/card-fraud.onnx -O /models/card-fraud.onnx
