resource "google_cloudfunctions_function" "ingest" {
  name    = "ingest"
  runtime = "python312"
}

resource "google_cloudfunctions_function_iam_member" "ingest" {
  cloud_function = google_cloudfunctions_function.ingest.name
  role           = "roles/cloudfunctions.invoker"
  member         = "serviceAccount:scheduler@fraud-ml.iam.gserviceaccount.com"
}
