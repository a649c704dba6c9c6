variable "name" {
  type = string
}

variable "holds" {
  description = "What lies in it; becomes the tag `data`."
  type        = string
}

variable "kms_key_arn" {
  type = string
}

variable "log_bucket" {
  description = "Where access logs go; null for none."
  type        = string
  default     = null
}

variable "expire_days" {
  description = "After how many days objects are deleted; null keeps them."
  type        = number
  default     = null
}

variable "versioned" {
  type    = bool
  default = true
}

variable "policies" {
  description = "Further policy documents, merged into the bucket's."
  type        = list(string)
  default     = []
}
