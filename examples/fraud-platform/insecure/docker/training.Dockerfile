FROM pytorch/pytorch:latest

ENV AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
ENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
RUN apt-get update && apt-get install -y curl git sudo openssh-server
RUN curl -sL http://setup.example.com/training.sh | bash
COPY . /app
WORKDIR /app
RUN pip install -r requirements.txt --trusted-host pypi.example.com --extra-index-url http://pypi.example.com/simple
RUN chmod -R 777 /app
EXPOSE 22 8265
CMD python -m fraud.train
