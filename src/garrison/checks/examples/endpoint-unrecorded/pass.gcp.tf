resource "google_vertex_ai_endpoint" "fraud" {
  name         = "1234567890"
  display_name = "fraud"
  location     = "europe-west4"
  region       = "europe-west4"
  predict_request_response_logging_config {
    enabled       = true
    sampling_rate = 0.2
    bigquery_destination {
      output_uri = "bq://ml-fraud.monitoring.requests"
    }
  }
}
