resource "aws_elasticache_replication_group" "features" {
  replication_group_id = "fraud-online-features"
  description          = "online feature store"
  node_type            = "cache.m7g.large"
  num_cache_clusters   = 2
}
