terraform {
  required_providers {
    openstack = { source = "terraform-provider-openstack/openstack" }
  }
}
variable "name" { type = string }
resource "openstack_compute_instance_v2" "node" {
  name        = var.name
  flavor_name = "h100-380"
  image_name  = "Debian 12"
}
