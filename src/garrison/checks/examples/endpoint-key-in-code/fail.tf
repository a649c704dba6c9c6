resource "databricks_model_serving" "chat" {
  name = "chat"

  config {
    served_entities {
      name = "gpt"

      external_model {
        name     = "gpt-4o"
        provider = "openai"
        task     = "llm/v1/chat"

        openai_config {
          openai_api_key_plaintext = "k7Zq2mXw9pLr4vTn8sBd"
        }
      }
    }
  }
}
