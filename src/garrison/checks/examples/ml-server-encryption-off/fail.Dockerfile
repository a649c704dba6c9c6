FROM quay.io/argoproj/argocli:v3.7.15
ENTRYPOINT ["argo"]
CMD ["server", "--auth-mode=sso", "--secure=false"]
