resource "aws_emr_security_configuration" "strict" {
  name          = "strict"
  configuration = <<-JSON
    {
      "EncryptionConfiguration": {
        "EnableInTransitEncryption": true,
        "EnableAtRestEncryption": true
      }
    }
  JSON
}
