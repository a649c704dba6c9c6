FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000 AS build
RUN apt-get update && apt-get install -y build-essential
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --require-hashes -r requirements.lock

FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
COPY --from=build /opt/venv /opt/venv
CMD ["/opt/venv/bin/mlserver", "start", "/models"]
