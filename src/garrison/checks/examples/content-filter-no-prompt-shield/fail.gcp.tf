resource "google_model_armor_template" "claims" {
  template_id = "claims"
  location    = "europe-west4"
  filter_config {
    rai_settings {
      rai_filters {
        filter_type      = "DANGEROUS"
        confidence_level = "MEDIUM_AND_ABOVE"
      }
    }
  }
}
