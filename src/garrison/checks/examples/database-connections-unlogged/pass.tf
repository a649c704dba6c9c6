resource "google_sql_database_instance" "features" {
  name             = "features"
  database_version = "POSTGRES_16"

  settings {
    tier = "db-custom-4-16384"

    database_flags {
      name  = "log_connections"
      value = "on"
    }
  }
}
