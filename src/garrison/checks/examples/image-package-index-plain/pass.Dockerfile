FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN pip install --index-url https://pypi.fraud.example.com/simple -r requirements.lock
