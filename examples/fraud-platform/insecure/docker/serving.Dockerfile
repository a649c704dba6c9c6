FROM pytorch/torchserve:latest

USER root
RUN pip install torch transformers
# A pickle, straight from the tracking server.
ADD http://mlflow.fraud.example.com/get-artifact?path=model.pkl /models/model.pkl
COPY config.properties /home/model-server/config.properties
EXPOSE 8080 8081 8082
CMD ["torchserve", "--start", "--foreground", "--model-store", "/models", "--models", "all", "--disable-token-auth", "--enable-model-api"]
