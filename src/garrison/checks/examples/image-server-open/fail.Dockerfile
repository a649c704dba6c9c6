FROM quay.io/jupyter/scipy-notebook:2026-11-03
CMD ["start-notebook.py", "--ServerApp.ip=0.0.0.0", "--IdentityProvider.token="]
