FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04
