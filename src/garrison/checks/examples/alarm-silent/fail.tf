resource "aws_cloudwatch_metric_alarm" "drift" {
  alarm_name          = "fraud-feature-drift"
  namespace           = "aws/sagemaker/Endpoints/data-metrics"
  metric_name         = "feature_baseline_drift_amount"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  period              = 3600
  statistic           = "Maximum"
  threshold           = 0.2
}
