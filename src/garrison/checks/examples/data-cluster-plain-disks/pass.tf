resource "aws_emr_security_configuration" "strict" {
  name = "strict"
  configuration = jsonencode({
    EncryptionConfiguration = {
      EnableInTransitEncryption = true
      EnableAtRestEncryption    = true
    }
  })
}
