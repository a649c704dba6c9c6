FROM python:3.13-slim-trixie@sha256:0000000000000000000000000000000000000000000000000000000000000000
RUN apt-get update && apt-get install -y openssh-server
CMD ["mlserver", "start", "/models"]
