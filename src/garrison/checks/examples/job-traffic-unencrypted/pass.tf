resource "aws_sagemaker_data_quality_job_definition" "drift" {
  name     = "fraud-drift"
  role_arn = aws_iam_role.monitor.arn

  data_quality_app_specification {
    image_uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/monitor@sha256:0f8c2e2d6d3f5a1b9c7e4d2a6b8f0e1c3a5d7b9f2e4c6a8d0b1f3e5c7a9d2b4f"
  }
  data_quality_job_input {
    endpoint_input {
      endpoint_name = aws_sagemaker_endpoint.fraud.name
    }
  }
  data_quality_job_output_config {
    monitoring_outputs {
      s3_output {
        s3_uri = "s3://fraud-monitoring/drift"
      }
    }
  }
  job_resources {
    cluster_config {
      instance_count    = 2
      instance_type     = "ml.m5.xlarge"
      volume_size_in_gb = 50
    }
  }
  network_config {
    enable_inter_container_traffic_encryption = true
  }
}
