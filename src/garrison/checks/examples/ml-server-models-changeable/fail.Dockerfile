FROM pytorch/torchserve:0.12.0-gpu
CMD ["torchserve", "--start", "--enable-model-api"]
