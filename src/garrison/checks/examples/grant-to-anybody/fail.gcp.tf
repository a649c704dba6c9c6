resource "google_project_iam_member" "predict" {
  project = "fraud-ml"
  role    = "roles/aiplatform.user"
  member  = "allAuthenticatedUsers"
}
