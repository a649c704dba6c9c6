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
  default     = false
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
  description = "Ports of the training boxes that workstations reach directly."
  type        = map(number)
  default = {
    ssh           = 22
    jupyter       = 8888
    mlflow        = 5000
    ray-dashboard = 8265
    ray-client    = 10001
    tensorboard   = 6006
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

variable "labelling_vendor_account" {
  type    = string
  default = "444455556666"
}

variable "database_password" {
  type    = string
  default = "feast-example-password"
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
