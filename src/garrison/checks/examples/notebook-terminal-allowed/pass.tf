resource "google_workbench_instance" "lab" {
  name     = "lab"
  location = "europe-west1-b"

  gce_setup {
    machine_type = "e2-standard-4"

    metadata = {
      idle-timeout-seconds = "3600"
      notebook-disable-terminal = "true"
    }
  }
}
