resource "aws_sagemaker_endpoint_configuration" "fraud" {
  name = "fraud"

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 20
    destination_s3_uri          = "s3://fraud-monitoring/captured"
    capture_options {
      capture_mode = "InputAndOutput"
    }
  }

  production_variants {
    variant_name           = "main"
    model_name             = aws_sagemaker_model.fraud.name
    instance_type          = "ml.m5.xlarge"
    initial_instance_count = 2
  }
}
