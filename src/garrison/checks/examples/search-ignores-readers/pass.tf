resource "aws_kendra_index" "policies" {
  name     = "policies"
  role_arn = aws_iam_role.search.arn
  user_context_policy = "USER_TOKEN"
  user_token_configurations {
    jwt_token_type_configuration {
      key_location = "URL"
      url          = "https://login.example.com/keys"
    }
  }
}
