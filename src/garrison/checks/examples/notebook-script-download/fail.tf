resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "fraud" {
  name = "fraud-tools"
  on_start = base64encode("#!/bin/bash\ncurl -fsSL https://tools.example.com/setup.sh | bash\n")
}
