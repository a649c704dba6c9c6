resource "azurerm_key_vault_key" "data" {
  name         = "data"
  key_vault_id = azurerm_key_vault.ml.id
  key_type     = "RSA"

  expiration_date = "2027-06-30T00:00:00Z"
}
