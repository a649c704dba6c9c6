FROM 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.12-slim-bookworm@sha256:8a5e3c2b61f7d7d1e0e2c7d47de9a7b9d2fb3c64c58f6d0f8d4b12a60f9e7a53 AS build

WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY src/ ./src/
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps ./src

FROM 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.12-slim-bookworm@sha256:8a5e3c2b61f7d7d1e0e2c7d47de9a7b9d2fb3c64c58f6d0f8d4b12a60f9e7a53

LABEL org.opencontainers.image.title="fraud/training" \
      org.opencontainers.image.source="https://github.com/example-org/fraud-platform"
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# A batch image: it serves nothing that could be asked for its health.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "fraud.train"]
