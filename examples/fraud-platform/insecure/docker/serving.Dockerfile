FROM 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.12-slim-bookworm@sha256:8a5e3c2b61f7d7d1e0e2c7d47de9a7b9d2fb3c64c58f6d0f8d4b12a60f9e7a53 AS build

WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock

FROM 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.12-slim-bookworm@sha256:8a5e3c2b61f7d7d1e0e2c7d47de9a7b9d2fb3c64c58f6d0f8d4b12a60f9e7a53

LABEL org.opencontainers.image.title="fraud/serving" \
      org.opencontainers.image.source="https://github.com/example-org/fraud-platform"
COPY --from=build /opt/venv /opt/venv
# safetensors: loading a model runs no code. The pipeline has checked its signature before this build.
COPY --chown=0:0 --chmod=0444 models/card-fraud/model.safetensors models/card-fraud/model-settings.json /models/card-fraud/
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10006:10006
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/v2/health/ready', timeout=2)"]
CMD ["mlserver", "start", "/models"]
