variable "platform" {
  description = "Short name; prefix of every resource."
  type        = string
  default     = "fraud"
}

variable "environment" {
  description = "dev, staging or prod."
  type        = string
  default     = "prod"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment is dev, staging or prod."
  }
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "account_id" {
  type = string
}

variable "organization_id" {
  type = string
}

variable "vpc_cidr" {
  type    = string
  default = "10.40.0.0/16"
}

variable "azs" {
  type    = list(string)
  default = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
}

variable "nat_per_az" {
  description = "One NAT gateway per zone instead of a single one."
  type        = bool
  default     = true
}

variable "workstation_cidrs" {
  description = "Where people who train models come from."
  type        = list(string)
}

variable "partner_cidrs" {
  description = "Address ranges that call the scoring API, by partner."
  type        = map(string)
}

variable "tool_ports" {
  description = "Ports of the training subnet that workstations reach directly; other tools go through Session Manager."
  type        = map(number)
  default = {
    tensorboard = 6006
  }
}

variable "gpu_boxes" {
  type    = number
  default = 1
}

variable "data_scientists" {
  description = "Studio profiles, by user name."
  type = map(object({
    instance_type = optional(string, "ml.t3.medium")
  }))
}

variable "labelling_vendor_role_arn" {
  description = "Role of the labelling vendor; theirs to choose, given at deploy time."
  type        = string
}

variable "rotation_lambda_arn" {
  description = "Function that rotates secrets, from the security account; given at deploy time."
  type        = string
}

variable "alarm_topic_arn" {
  description = "Topic of the on-call rotation; null makes one here."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "Certificate of score.fraud.example.com; given at deploy time."
  type        = string
}

variable "image_digests" {
  description = "Digests of the images that the pipeline has built and signed."
  type        = map(string)
}

variable "capture_percentage" {
  description = "Share of scoring requests that is captured for drift and audit."
  type        = number
  default     = 100
}

variable "enable_bedrock" {
  description = "Dispute letters are summarised by a hosted language model."
  type        = bool
  default     = true
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}
