variable "kdc_password" {
  type      = string
  sensitive = true
}

resource "aws_emr_cluster" "features" {
  name          = "fraud-features"
  release_label = "emr-7.12.0"
  service_role  = aws_iam_role.emr.arn

  kerberos_attributes {
    realm              = "EC2.INTERNAL"
    kdc_admin_password = var.kdc_password
  }
}
