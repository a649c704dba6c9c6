resource "google_sql_database_instance" "features" {
  name             = "features"
  database_version = "MYSQL_8_0"

  settings {
    tier = "db-custom-4-16384"

    database_flags {
      name  = "local_infile"
      value = "off"
    }
  }
}
