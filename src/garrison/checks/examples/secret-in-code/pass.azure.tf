resource "azurerm_key_vault_secret" "provider" {
  name         = "model-provider"
  key_vault_id = "/subscriptions/0a1b/resourceGroups/fraud/providers/Microsoft.KeyVault/vaults/fraud"
  value        = var.provider_key
}

variable "provider_key" {
  type      = string
  sensitive = true
}
