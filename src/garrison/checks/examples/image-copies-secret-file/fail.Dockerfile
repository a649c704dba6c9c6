FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
COPY .aws/credentials /root/.aws/credentials
RUN aws s3 cp s3://fraud-models/card-fraud.safetensors /models/
