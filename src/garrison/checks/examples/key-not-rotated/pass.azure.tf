resource "azurerm_key_vault_key" "training" {
  name         = "fraud-training"
  key_vault_id = "/subscriptions/0a1b/resourceGroups/fraud/providers/Microsoft.KeyVault/vaults/fraud"
  key_type     = "RSA"
  key_size     = 3072
  key_opts     = ["wrapKey", "unwrapKey"]
  rotation_policy {
    automatic {
      time_before_expiry = "P30D"
    }
    expire_after = "P365D"
  }
}
