resource "aws_bedrockagent_data_source" "policies" {
  name              = "policies"
  knowledge_base_id = aws_bedrockagent_knowledge_base.claims.id
  data_source_configuration {
    type = "WEB"
    web_configuration {
      source_configuration {
        url_configuration {
          seed_urls {
            url = "https://forum.example.com"
          }
        }
      }
    }
  }
}
