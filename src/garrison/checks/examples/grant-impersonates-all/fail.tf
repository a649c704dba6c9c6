resource "google_project_iam_member" "pipeline" {
  project = "fraud"
  role    = "roles/iam.serviceAccountTokenCreator"
  member  = "serviceAccount:pipeline@fraud.iam.gserviceaccount.com"
}
