resource "azurerm_key_vault_secret" "provider" {
  name         = "model-provider"
  key_vault_id = "/subscriptions/0a1b/resourceGroups/fraud/providers/Microsoft.KeyVault/vaults/fraud"
  value        = "mp-7f3a91c2d4e8"
}
