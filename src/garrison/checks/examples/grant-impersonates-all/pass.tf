resource "google_service_account_iam_member" "pipeline" {
  service_account_id = "projects/fraud/serviceAccounts/train@fraud.iam.gserviceaccount.com"

  role    = "roles/iam.serviceAccountTokenCreator"
  member  = "serviceAccount:pipeline@fraud.iam.gserviceaccount.com"
}
