resource "aws_instance" "serving" {
  instance_type = "p5.48xlarge"
}
