"""Proves a deployment from its outside: in an AWS account, or in the local cloud."""
