"""The opt-ins in the local cloud: all that it takes at once, and the one that it doesn't."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy


@pytest.fixture(scope="module")
def parameters(cloud: LocalCloud) -> dict[str, str]:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="functions", Description="none inbound", VpcId=vpc)
    return {
        "KmsKeyArn": cloud.client("kms").create_key()["KeyMetadata"]["Arn"],
        "VpcSubnetIds": ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"],
        "VpcSecurityGroupIds": group["GroupId"],
        "PermissionsBoundary": f"arn:aws:iam::{cloud.account}:policy/boundary",
        "NotifyEmail": "somebody@example.com",
        "ApiAccessLogs": "true",
        "CorsOrigin": "https://shop.example.com",
        "ImageBuckets": "shop,archive",
        "ApiQuota": "5",
    }


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, parameters: dict[str, str]) -> Stack:
    return deploy(Deployment(Path("no-models"), parameters=parameters, stack="opted"), cloud)


def test_all_opt_ins_but_the_budget_are_deployed(stack: Stack, parameters: dict[str, str]) -> None:
    cloud, topic, iam = stack.cloud, stack.outputs["NotificationTopicArn"], stack.cloud.client("iam")
    name = stack.resource("NotifyFunctionRole")
    # The emulator keeps neither keys, networks nor boundaries; but the policies that come with them.
    policies = set(iam.list_role_policies(RoleName=name)["PolicyNames"])
    assert "Key" in policies
    assert "NoNetwork" not in policies
    mails = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [mail["Endpoint"] for mail in mails] == [parameters["NotifyEmail"]]
    plan: Any = cloud.api_gateway.get_usage_plan(usagePlanId=stack.resource("ApiUsagePlan"))
    assert (plan["quota"]["limit"], plan["quota"]["period"]) == (5, "MONTH")


def test_the_emulator_has_no_budgets(cloud: LocalCloud) -> None:
    """As docs/aws.md says; when it has them, this fails."""
    with pytest.raises(ClientError, match="AWS::Budgets::Budget"):
        deploy(Deployment(Path("no-models"), parameters={"MonthlyBudget": "10"}, stack="budgeted"), cloud)
