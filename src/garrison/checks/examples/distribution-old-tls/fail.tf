resource "aws_cloudfront_distribution" "scoring" {
  enabled = true
  origin {
    domain_name = "scoring.example.com"
    origin_id   = "scoring"
  }
  default_cache_behavior {
    target_origin_id       = "scoring"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "https-only"
  }
  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
