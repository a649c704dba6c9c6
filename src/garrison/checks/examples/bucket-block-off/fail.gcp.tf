resource "google_storage_bucket" "models" {
  name                     = "fraud-models"
  location                 = "EU"
  public_access_prevention = "inherited"
}
