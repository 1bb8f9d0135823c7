resource "terraform_data" "deep" {
  input = { bucket = "weights" }
}
