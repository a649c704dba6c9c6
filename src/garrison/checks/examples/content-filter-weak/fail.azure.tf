resource "azurerm_cognitive_account_rai_policy" "claims" {
  name                 = "claims"
  cognitive_account_id = azurerm_cognitive_account.assistant.id
  base_policy_name     = "Microsoft.DefaultV2"
  content_filter {
    name               = "Violence"
    source             = "Prompt"
    filter_enabled     = true
    block_enabled      = false
    severity_threshold = "High"
  }
}
