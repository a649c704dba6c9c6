FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN --mount=type=secret,id=hf_token,env=HF_TOKEN python -m fraud.fetch_model
