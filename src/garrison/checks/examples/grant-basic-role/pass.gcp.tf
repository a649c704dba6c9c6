resource "google_project_iam_member" "pipeline" {
  project = "fraud-ml"
  role    = "roles/aiplatform.user"
  member  = "serviceAccount:pipeline@fraud-ml.iam.gserviceaccount.com"
}
