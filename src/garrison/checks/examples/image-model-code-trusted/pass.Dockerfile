FROM vllm/vllm-openai:v0.11.2
CMD ["--model", "example-org/card-fraud-chat"]
