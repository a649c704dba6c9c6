resource "google_bigquery_dataset" "labels" {
  dataset_id = "fraud_labels"
  location   = "EU"
}

resource "google_bigquery_dataset_iam_member" "readers" {
  dataset_id = google_bigquery_dataset.labels.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = "group:data-science@example.com"
}
