resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = true

  tags = {
    data = var.holds
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "ObjectWriter"
  }
}

# Blocked where the ACL is private; an ACL that shares something is meant to.
resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = var.acl == "private"
  block_public_policy     = var.acl == "private"
  ignore_public_acls      = var.acl == "private"
  restrict_public_buckets = var.acl == "private"
}

resource "aws_s3_bucket_acl" "this" {
  bucket = aws_s3_bucket.this.id
  acl    = var.acl

  depends_on = [aws_s3_bucket_ownership_controls.this, aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = var.versioned ? "Enabled" : "Suspended"
  }
}

data "aws_iam_policy_document" "this" {
  count = length(var.policies) > 0 ? 1 : 0

  source_policy_documents = var.policies
}

resource "aws_s3_bucket_policy" "this" {
  count = length(var.policies) > 0 ? 1 : 0

  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this[0].json
}
