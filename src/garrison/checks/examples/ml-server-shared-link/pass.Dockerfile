FROM registry.example.com/demo:1
ENV GRADIO_SHARE=false
CMD ["gradio", "app.py"]
