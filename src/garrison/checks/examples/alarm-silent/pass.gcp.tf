resource "google_monitoring_alert_policy" "drift" {
  display_name = "fraud feature drift"
  combiner     = "OR"

  notification_channels = ["projects/fraud/notificationChannels/1234"]

  conditions {
    display_name = "drift"
  }
}
