FROM pytorch/pytorch:latest
