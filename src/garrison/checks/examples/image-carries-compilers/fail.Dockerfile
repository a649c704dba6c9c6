FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN apt-get update && apt-get install -y build-essential
RUN pip install --require-hashes -r requirements.lock
CMD ["mlserver", "start", "/models"]
