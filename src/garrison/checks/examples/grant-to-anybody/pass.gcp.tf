resource "google_project_iam_member" "predict" {
  project = "fraud-ml"
  role    = "roles/aiplatform.user"
  member  = "serviceAccount:scoring@fraud-ml.iam.gserviceaccount.com"
}
