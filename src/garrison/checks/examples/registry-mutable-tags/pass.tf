resource "aws_ecr_repository" "serving" {
  name = "fraud/serving"

  image_tag_mutability = "IMMUTABLE"
}
