FROM jupyter/scipy-notebook

USER root
RUN echo "jovyan ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers
RUN apt-get update && apt-get install -y openssh-server docker.io && echo "root:example" | chpasswd
RUN pip install mlflow boto3 torch
COPY .aws/credentials /root/.aws/credentials
EXPOSE 22 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--allow-root", "--NotebookApp.token=''", "--NotebookApp.password=''"]
