resource "google_vertex_ai_index_endpoint" "documents" {
  display_name            = "support-documents"
  region                  = "europe-west1"
  public_endpoint_enabled = false
}
