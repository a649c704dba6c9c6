FROM quay.io/jupyter/scipy-notebook:2025-09-01
CMD ["start-notebook.py"]
