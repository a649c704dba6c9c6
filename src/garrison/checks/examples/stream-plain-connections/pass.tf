resource "aws_msk_cluster" "events" {
  cluster_name           = "fraud-events"
  kafka_version          = "3.8.x"
  number_of_broker_nodes = 3
  broker_node_group_info {
    instance_type   = "kafka.m7g.large"
    client_subnets  = ["subnet-0a1b2c3d4e5f60718"]
    security_groups = ["sg-0a1b2c3d4e5f60718"]
  }
  encryption_info {
    encryption_in_transit {
      client_broker = "TLS"
    }
  }
}
