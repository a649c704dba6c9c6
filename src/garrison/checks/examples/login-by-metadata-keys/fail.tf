resource "google_compute_project_metadata" "this" {
  metadata = {
    enable-oslogin = "FALSE"
  }
}
