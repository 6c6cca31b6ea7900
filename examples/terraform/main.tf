# Tapeline as a stack that Terraform keeps: the packaged template without SAM, from a bucket, as it is larger than
# a request may be.
#
#   make build
#   .venv-sam/bin/sam package --resolve-s3 --image-repository REPOSITORY_URI --output-template-file packaged.yaml
#   PYTHONPATH=. .venv/bin/python -m infra.expand packaged.yaml > examples/terraform/tapeline.json
#   terraform -chdir=examples/terraform apply -var bucket=my-templates -var notify_email=ops@example.com

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "bucket" {
  description = "A bucket for the template."
  type        = string
}

variable "name" {
  description = "The stack's name: lower-case letters, digits and hyphens, at most 41."
  type        = string
  default     = "tapeline"
}

variable "notify_email" {
  description = "Who is told of runs and alarms; empty for nobody."
  type        = string
  default     = ""
}

resource "aws_s3_object" "template" {
  bucket      = var.bucket
  key         = "tapeline/${filemd5("${path.module}/tapeline.json")}.json"
  source      = "${path.module}/tapeline.json"
  source_hash = filemd5("${path.module}/tapeline.json")
}

resource "aws_cloudformation_stack" "tapeline" {
  name         = var.name
  template_url = "https://${aws_s3_object.template.bucket}.s3.amazonaws.com/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]

  parameters = {
    NotifyEmail = var.notify_email
    MaxRunCost  = 20
  }

  tags = {
    application = var.name
  }
}

output "drop_bucket" {
  value = aws_cloudformation_stack.tapeline.outputs["DropBucketName"]
}

output "results_bucket" {
  value = aws_cloudformation_stack.tapeline.outputs["ResultsBucketName"]
}
