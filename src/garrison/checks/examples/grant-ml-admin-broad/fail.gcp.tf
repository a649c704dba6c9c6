resource "google_project_iam_binding" "scientists" {
  project = "fraud-ml"
  role    = "roles/aiplatform.admin"
  members = ["group:data-science@example.com"]
}
