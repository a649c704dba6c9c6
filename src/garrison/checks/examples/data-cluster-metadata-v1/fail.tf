resource "aws_emr_security_configuration" "strict" {
  name = "strict"
  configuration = jsonencode({
    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 1
      HttpPutResponseHopLimit               = 1
    }
  })
}
