FROM vllm/vllm-openai:v0.11.0
CMD ["--model", "/models/assistant", "--trust-remote-code"]
