FROM quay.io/jupyter/scipy-notebook:lab-4.5.7
ENV GRANT_SUDO=yes
