terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }

  backend "s3" {
    bucket  = "example-terraform-state"
    key     = "fraud-platform/prod.tfstate"
    region  = "eu-west-1"
    encrypt = false
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
