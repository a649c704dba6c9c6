FROM debian:13
COPY fraud.asc /usr/share/keyrings/fraud.asc
RUN echo "deb [signed-by=/usr/share/keyrings/fraud.asc] https://apt.fraud.example.com trixie main" \
    > /etc/apt/sources.list.d/fraud.list
RUN apt-get update && apt-get install -y fraud-drivers
