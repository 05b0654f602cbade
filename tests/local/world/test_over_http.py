"""The world through the whole local cloud: its own process, real time, the AWS APIs over HTTP."""

from __future__ import annotations

import json
import time
import urllib.request

import boto3
import pytest

from local import server
from tests.local.world.support import manifest_of

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def endpoint():
    with server.start(template=None, seed=False) as running:
        yield running.endpoint


def client(endpoint, name):
    return boto3.client(
        name,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def call(endpoint, method, path, body=None):
    request = urllib.request.Request(
        f"{endpoint}/_world{path}", method=method, data=json.dumps(body or {}).encode()
    )
    with urllib.request.urlopen(request) as answer:
        return answer.status, dict(answer.headers), json.loads(answer.read())


def eventually(condition, within=20.0):
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)
    return found


def test_a_good_release_rolls_out_and_a_bad_one_comes_back_in_real_time(endpoint):
    # Given a service behind a load balancer, with users
    ecr, ecs, elb, ec2 = (client(endpoint, name) for name in ("ecr", "ecs", "elbv2", "ec2"))
    ecr.create_repository(repositoryName="checkout")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    network = {"awsvpcConfiguration": {"subnets": [each["SubnetId"] for each in subnets]}}
    balancer = elb.create_load_balancer(Name="web", Subnets=network["awsvpcConfiguration"]["subnets"])
    group = elb.create_target_group(
        Name="checkout", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    )
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    ecs.create_cluster(clusterName="prod")
    digests = [
        ecr.put_image(repositoryName="checkout", imageManifest=manifest_of(number))["image"]["imageId"][
            "imageDigest"
        ]
        for number in range(3)
    ]
    call(endpoint, "PUT", f"/images/{digests[2]}", {"starts": False, "exit_code": 3})
    definitions = [
        ecs.register_task_definition(
            family="checkout",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": "app", "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@{digest}"}
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        for digest in digests
    ]
    ecs.create_service(
        cluster="prod",
        serviceName="checkout",
        taskDefinition=definitions[0],
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=network,
        loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )

    def newest():
        found = ecs.list_service_deployments(cluster="prod", service="checkout")["serviceDeployments"]
        return found[0]["status"] if found else None

    def deployed(number, ends):
        ecs.update_service(cluster="prod", service="checkout", taskDefinition=definitions[number])
        time.sleep(0.4)
        eventually(lambda: newest() == ends)

    eventually(lambda: newest() == "SUCCESSFUL")
    call(endpoint, "PUT", "/traffic/prod/checkout", {"requests_per_second": 200})

    # When
    begun = time.monotonic()
    deployed(1, "SUCCESSFUL")
    seconds = time.monotonic() - begun
    deployed(2, "ROLLBACK_SUCCESSFUL")

    # Then
    assert seconds < 10
    status, headers, _ = call(endpoint, "GET", "/lb/web/health")
    assert (status, headers["x-tidegate-version"]) == (200, digests[1])
    seen = call(endpoint, "GET", "/traffic/prod/checkout")[2]
    assert set(seen["versions"]) == set(digests[:2])
    assert seen["failed_requests"] == 0
    stopped = ecs.list_tasks(cluster="prod", serviceName="checkout", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="prod", tasks=stopped)["tasks"]
    assert {task["containers"][0].get("exitCode") for task in tasks if "containers" in task} >= {3}
