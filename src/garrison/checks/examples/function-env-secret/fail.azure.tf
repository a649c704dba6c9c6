resource "azurerm_linux_function_app" "rag" {
  name                = "rag"
  location            = "westeurope"
  resource_group_name = "fraud"
  service_plan_id     = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Web/serverFarms/rag"

  app_settings = {
    OPENAI_API_KEY = "9f8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
  }

  site_config {}
}
