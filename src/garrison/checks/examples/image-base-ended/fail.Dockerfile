FROM nvidia/cuda:11.8.0-runtime-ubuntu20.04
