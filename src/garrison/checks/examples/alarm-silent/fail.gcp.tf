resource "google_monitoring_alert_policy" "drift" {
  display_name = "fraud feature drift"
  combiner     = "OR"
  conditions {
    display_name = "drift"
  }
}
