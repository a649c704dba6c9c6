resource "google_compute_ssl_policy" "front" {
  name            = "front"
  profile         = "MODERN"
  min_tls_version = "TLS_1_1"
}
