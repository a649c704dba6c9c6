resource "aws_sagemaker_endpoint_configuration" "fraud" {
  name = "fraud"

  production_variants {
    variant_name           = "main"
    model_name             = aws_sagemaker_model.fraud.name
    instance_type          = "ml.m5.xlarge"
    initial_instance_count = 2
  }
}
