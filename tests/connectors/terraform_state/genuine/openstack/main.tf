terraform {
  required_providers {
    openstack = { source = "terraform-provider-openstack/openstack" }
  }
}
variable "region" {
  type    = string
  default = "GRA11"
}
variable "token" {
  type      = string
  sensitive = true
  default   = "tf-hidden-value"
}
provider "openstack" {
  auth_url    = "https://auth.cloud.ovh.net/v3"
  region      = var.region
  user_name   = "user-a1b2"
  password    = "hidden-password"
  tenant_name = "1234567890"
}
provider "openstack" {
  alias       = "elsewhere"
  auth_url    = "https://iam.example.org/v3"
  region      = "RegionOne"
  user_name   = "x"
  password    = "hidden-password"
}
resource "openstack_compute_instance_v2" "serving" {
  count       = 2
  name        = "llm-${count.index}"
  flavor_name = "l40s-180"
  image_name  = "Debian 12"
  key_pair    = "ops"
  user_data   = "#!/bin/sh\nexport TOKEN=${var.token}"
  metadata = {
    "allod.dev/confidential-computing" = "false"
    secret-note                        = "hidden-metadata"
  }
  tags = ["team=vision", "production"]
}
resource "openstack_compute_instance_v2" "web" {
  name        = "web"
  flavor_name = "b3-8"
  image_name  = "Debian 12"
}
resource "openstack_compute_instance_v2" "elsewhere" {
  provider    = openstack.elsewhere
  name        = "trainer"
  flavor_name = "gpu.a100.4x"
  image_name  = "Debian 12"
  metadata    = { token = var.token }
}
resource "openstack_objectstorage_container_v1" "weights" {
  region   = "SBG5"
  name     = "weights"
  metadata = { "allod.dev/data-classes" = "internal" }
}
resource "openstack_networking_network_v2" "net" {
  name = "net"
}
module "pool" {
  source   = "./gpu"
  for_each = toset(["a b", "a-b"])
  name     = each.key
}
