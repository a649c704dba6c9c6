resource "google_pubsub_topic" "labels" {
  name = "fraud-labels"
}

resource "google_pubsub_topic_iam_member" "publishers" {
  topic  = google_pubsub_topic.labels.name
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:labelling@fraud.iam.gserviceaccount.com"
}
