FROM quay.io/jupyter/scipy-notebook:lab-4.5.7
CMD ["start-notebook.py", "--ServerApp.allow_remote_access=True"]
