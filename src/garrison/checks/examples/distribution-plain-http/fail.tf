resource "aws_cloudfront_distribution" "scoring" {
  enabled = true
  origin {
    domain_name = "scoring.example.com"
    origin_id   = "scoring"
  }
  default_cache_behavior {
    target_origin_id       = "scoring"
    allowed_methods        = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "allow-all"
  }
  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.scoring.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}
