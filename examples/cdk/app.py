"""Tapeline as a part of a CDK application: the packaged template, included in a stack of its own.

    make build
    .venv-sam/bin/sam package --resolve-s3 --image-repository URI --output-template-file packaged.yaml
    PYTHONPATH=. .venv/bin/python -m infra.expand packaged.yaml > tapeline.json
    pip install aws-cdk-lib && npx aws-cdk deploy --app "python examples/cdk/app.py tapeline.json"

CDK reads the template before CloudFormation applies SAM's transform, so that it is applied first.
"""

import sys
from collections.abc import Mapping

from aws_cdk import App, CfnOutput, Stack, Tags
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct


class TapelineStack(Stack):  # type: ignore[misc] # the CDK is skipped by mypy, as it takes a minute
    """The template's stack.

    Args:
        scope: Where it belongs.
        name: The stack's name: lower-case letters, digits and hyphens.
        template: Path of the packaged template without SAM.
        parameters: Values of the template's parameters that differ from their defaults.
    """

    def __init__(self, scope: Construct, name: str, template: str, parameters: Mapping[str, object]) -> None:
        super().__init__(scope, name)
        included = CfnInclude(self, "Template", template_file=template, parameters=dict(parameters))
        # What else the application has can refer to any of the template's resources.
        drop = included.get_resource("DropBucket")
        CfnOutput(self, "Drop", value=drop.ref)


def main(template: str) -> None:
    """Synthesise the application."""
    app = App()
    stack = TapelineStack(app, "tapeline-cdk", template, {"MaxRunCost": 20})
    Tags.of(stack).add("application", "tapeline-cdk")
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
