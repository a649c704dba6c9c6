FROM nvcr.io/nvidia/tritonserver:25.08-py3
CMD ["tritonserver", "--model-repository=/models", "--model-control-mode=none"]
