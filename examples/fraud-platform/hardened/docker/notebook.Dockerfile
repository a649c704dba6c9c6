FROM 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/jupyter-scipy-notebook:2026-10-20@sha256:1c1b3ff3b9e1d2c40e2c54c7c3fa7e2d18d3a6d2d8f6b08d1e6c05a7b39e4f12

LABEL org.opencontainers.image.title="fraud/notebook" \
      org.opencontainers.image.source="https://github.com/example-org/fraud-platform"
COPY --chown=0:0 requirements.lock /opt/requirements.lock
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r /opt/requirements.lock
USER 10003:10003
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8888/api', timeout=2)"]
# The token stays on: the server makes one at start, and the hub hands it to the user.
CMD ["start-notebook.py", "--ServerApp.ip=0.0.0.0", "--ServerApp.local_hostnames=[\"exploration\"]"]
