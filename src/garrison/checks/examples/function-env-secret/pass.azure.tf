resource "azurerm_linux_function_app" "rag" {
  name                = "rag"
  location            = "westeurope"
  resource_group_name = "fraud"
  service_plan_id     = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Web/serverFarms/rag"

  app_settings = {
    OPENAI_API_KEY = "@Microsoft.KeyVault(SecretUri=https://fraud.vault.azure.net/secrets/openai)"
  }

  site_config {}
}
