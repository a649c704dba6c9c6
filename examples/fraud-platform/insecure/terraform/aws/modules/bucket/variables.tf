variable "name" {
  type = string
}

variable "holds" {
  description = "What lies in it; becomes the tag `data`."
  type        = string
}

variable "acl" {
  type    = string
  default = "private"
}

variable "versioned" {
  type    = bool
  default = false
}

variable "policies" {
  description = "Further policy documents, merged into the bucket's."
  type        = list(string)
  default     = []
}
