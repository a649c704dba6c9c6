resource "google_sql_database_instance" "features" {
  name             = "fraud-features"
  database_version = "POSTGRES_16"
  settings {
    tier = "db-custom-2-7680"
    ip_configuration {
      ipv4_enabled = true
      authorized_networks {
        value = "203.0.113.0/29"
      }
    }
  }
}
