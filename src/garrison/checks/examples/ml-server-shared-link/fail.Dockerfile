FROM registry.example.com/demo:1
ENV GRADIO_SHARE=true
CMD ["gradio", "app.py"]
