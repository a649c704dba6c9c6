resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "fraud" {
  name = "fraud-tools"
  on_start = base64encode("#!/bin/bash\nset -e\npip install --require-hashes -r /opt/ml/requirements.txt\n")
}
