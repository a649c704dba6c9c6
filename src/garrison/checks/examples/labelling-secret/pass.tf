variable "oidc_secret" {
  type      = string
  sensitive = true
}

resource "aws_sagemaker_workforce" "labels" {
  workforce_name = "claims-labels"

  oidc_config {
    client_id              = "claims-labels"
    client_secret          = var.oidc_secret
    issuer                 = "https://login.example.com"
    authorization_endpoint = "https://login.example.com/authorize"
    jwks_uri               = "https://login.example.com/keys"
    logout_endpoint        = "https://login.example.com/logout"
    token_endpoint         = "https://login.example.com/token"
    user_info_endpoint     = "https://login.example.com/me"
  }
  source_ip_config {
    cidrs = ["198.51.100.0/24"]
  }
}
