resource "aws_sagemaker_endpoint" "fraud" {
  name                 = "fraud"
  endpoint_config_name = "fraud-v7"

  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "ALL_AT_ONCE"
        wait_interval_in_seconds = 600
      }
    }
    auto_rollback_configuration {
      alarms {
        alarm_name = "fraud-errors"
      }
    }
  }
}
