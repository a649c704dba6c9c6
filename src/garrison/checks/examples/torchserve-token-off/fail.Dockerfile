FROM pytorch/torchserve:0.12.0-cpu
CMD ["torchserve", "--start", "--disable-token-auth"]
