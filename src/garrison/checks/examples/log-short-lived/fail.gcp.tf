resource "google_logging_project_bucket_config" "audit" {
  project        = "fraud"
  location       = "global"
  bucket_id      = "_Default"
  retention_days = 7
}
