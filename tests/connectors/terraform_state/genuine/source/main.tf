terraform {
  required_version = ">= 1.4"
}
variable "token" {
  type      = string
  sensitive = true
  default   = "tf-hidden-value"
}
resource "terraform_data" "one" {
  input = { region = "eu-central-1", token = var.token }
}
resource "terraform_data" "counted" {
  count = 2
  input = "node-${count.index}"
}
resource "terraform_data" "each" {
  for_each = toset(["alpha/one", "beta"])
  input    = each.key
}
module "inner" {
  source = "./inner"
}
output "place" {
  value = "eu-central-1"
}
output "hidden" {
  value     = var.token
  sensitive = true
}
